"""Uploads, replacements and removals, over both databases."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from rag.catalog import commit, documents, feed
from rag.errors import EmbedderMismatch, InvalidInput, NotFound, WrongState
from rag.records import EmbedderStamp, Note, Page, Status
from tests.conformance.catalog_fixture import STAMP, Desk, embedded

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def test_an_upload_is_queued_with_its_bytes_in_the_store(desk: Desk) -> None:
    document = desk.upload("hello.txt", b"hello")
    assert (document.name, document.collection, document.status, document.size, document.sha256) == (
        "hello.txt",
        "default",
        Status.QUEUED,
        5,
        HELLO,
    )
    assert (document.progress, document.pages, document.language, document.error, document.version) == (0.0, None, None, None, 1)
    assert desk.blobs.path(HELLO).read_bytes() == b"hello"
    assert desk.get(document) == document


def test_times_are_utc(desk: Desk) -> None:
    document = desk.get(desk.upload("a", b"a"))
    assert document.created_at.tzinfo == UTC
    assert abs(datetime.now(UTC) - document.created_at) < timedelta(minutes=1)


def test_a_commit_makes_the_document_ready_with_its_pages(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a")
    version = desk.ingest(document, "erste Seite", "zweite Seite", language="de")
    ready = desk.get(document)
    assert (ready.status, ready.progress, ready.pages, ready.language, ready.version) == (Status.READY, 1.0, 2, "de", version)
    assert documents.page_text(desk.engine, document.id, 2, None) == Page(2, "zweite Seite", "")


def test_a_page_that_is_not_there_is_told_with_the_number_of_pages(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a")
    with pytest.raises(NotFound, match="its status is queued, expected ready"):
        documents.page_text(desk.engine, document.id, 1, None)
    desk.ingest(document, "one", "two")
    with pytest.raises(NotFound, match="has no page 3: it has 2"):
        documents.page_text(desk.engine, document.id, 3, None)


def test_the_same_name_and_bytes_again_are_the_same_document(desk: Desk) -> None:
    queued = desk.upload("a.txt", b"a")
    assert desk.upload("a.txt", b"a") == queued
    desk.ingest(queued)
    ready = desk.get(queued)
    assert desk.upload("a.txt", b"a") == ready
    assert feed.current_version(desk.engine) == ready.version


def test_a_failed_document_uploaded_again_is_queued_again_with_a_new_version(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a")
    attempt = documents.start_attempt(desk.engine, document.id)
    assert attempt is not None
    assert documents.fail(desk.engine, document.id, attempt, "It is empty.", retry_helps=False)
    assert (desk.get(document).status, desk.get(document).error) == (Status.FAILED, "It is empty.")
    again = desk.upload("a.txt", b"a")
    assert (again.id, again.status, again.error) == (document.id, Status.QUEUED, None)
    assert again.version > document.version


def test_the_same_bytes_under_two_names_are_stored_and_embedded_once(desk: Desk) -> None:
    first = desk.upload("a.txt", b"same")
    desk.ingest(first, "the text")
    second = desk.upload("b.txt", b"same")
    assert (second.status, second.pages) == (Status.READY, 1)
    assert desk.names() == [("b.txt", "ready"), ("a.txt", "ready")]
    assert (desk.texts(), desk.stored()) == (["the text"], 1)
    assert documents.page_text(desk.engine, second.id, 1, None).text == "the text"


def test_two_names_waiting_for_the_same_bytes_become_ready_by_one_commit(desk: Desk) -> None:
    first, second = desk.upload("a.txt", b"same"), desk.upload("b.txt", b"same")
    attempt = documents.start_attempt(desk.engine, second.id)
    desk.ingest(first, "the text")
    assert desk.names() == [("b.txt", "ready"), ("a.txt", "ready")]
    assert attempt is not None
    assert desk.commit(second, attempt, ["the text"]) is None
    assert desk.texts() == ["the text"]


def test_deleting_one_of_two_names_keeps_the_other(desk: Desk) -> None:
    first = desk.upload("a.txt", b"same")
    desk.ingest(first, "the text")
    second = desk.upload("b.txt", b"same")
    desk.delete(first)
    assert (desk.names(), desk.texts(), desk.stored()) == ([("b.txt", "ready")], ["the text"], 1)
    desk.delete(second)
    assert (desk.names(), desk.texts(), desk.stored()) == ([], [], 0)


def test_the_same_bytes_in_two_collections_are_two_contents_and_one_file(desk: Desk) -> None:
    here, there = desk.upload("a.txt", b"same", "here"), desk.upload("a.txt", b"same", "there")
    desk.ingest(here, "text")
    assert desk.get(there).status == Status.QUEUED
    desk.ingest(there, "text")
    assert (len(feed.live_contents(desk.engine)), desk.stored()) == (2, 1)
    desk.delete(here)
    assert (feed.live_contents(desk.engine)[0][0], desk.stored()) == ("there", 1)


def test_the_old_document_stays_until_the_new_one_of_its_name_is_ready(desk: Desk) -> None:
    old = desk.upload("a.txt", b"old")
    desk.ingest(old, "old text")
    new = desk.upload("a.txt", b"new")
    assert desk.names() == [("a.txt", "queued"), ("a.txt", "ready")]
    assert desk.texts() == ["old text"]
    desk.ingest(new, "new text")
    assert (desk.names(), desk.texts()) == ([("a.txt", "ready")], ["new text"])
    with pytest.raises(NotFound):
        desk.get(old)


def test_the_file_of_a_replaced_document_goes_with_the_next_sweep(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"old"), "old text")
    desk.ingest(desk.upload("a.txt", b"new"), "new text")
    assert documents.remove_dropped_blobs(desk.engine, desk.blobs) == 1
    assert (desk.stored(), documents.remove_dropped_blobs(desk.engine, desk.blobs)) == (1, 0)


def test_the_old_document_stays_when_the_new_one_fails(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"old"), "old text")
    new = desk.upload("a.txt", b"new")
    attempt = documents.start_attempt(desk.engine, new.id)
    assert attempt is not None
    documents.fail(desk.engine, new.id, attempt, "It is corrupt.", retry_helps=False)
    assert (desk.names(), desk.texts()) == ([("a.txt", "failed"), ("a.txt", "ready")], ["old text"])


def test_of_two_uploads_of_one_name_the_later_wins_whichever_is_ready_first(desk: Desk) -> None:
    first, second = desk.upload("a.txt", b"1"), desk.upload("a.txt", b"2")
    attempt = documents.start_attempt(desk.engine, first.id)
    assert attempt is not None
    desk.ingest(second, "second")
    assert desk.commit(first, attempt, ["first"]) is None
    assert (desk.names(), desk.texts()) == ([("a.txt", "ready")], ["second"])

    third, fourth = desk.upload("a.txt", b"3"), desk.upload("a.txt", b"4")
    desk.ingest(third, "third")
    assert desk.texts() == ["third"]
    desk.ingest(fourth, "fourth")
    assert (desk.names(), desk.texts()) == ([("a.txt", "ready")], ["fourth"])


def test_going_back_to_earlier_bytes_makes_them_the_latest_upload(desk: Desk) -> None:
    first = desk.upload("a.txt", b"1")
    second = desk.upload("a.txt", b"2")
    assert desk.upload("a.txt", b"1").id == first.id
    desk.ingest(second, "second")
    assert desk.texts() == ["second"]
    desk.ingest(first, "first")
    assert (desk.names(), desk.texts()) == ([("a.txt", "ready")], ["first"])


def test_going_back_to_the_bytes_that_are_shown_drops_what_was_to_replace_them(desk: Desk) -> None:
    first = desk.upload("a.txt", b"1")
    desk.ingest(first, "first")
    second = desk.upload("a.txt", b"2")
    attempt = documents.start_attempt(desk.engine, second.id)
    assert attempt is not None
    assert desk.upload("a.txt", b"1").status == Status.READY
    assert desk.commit(second, attempt, ["second"]) is None
    assert (desk.names(), desk.texts(), desk.stored()) == ([("a.txt", "ready")], ["first"], 1)


def test_bytes_already_held_replace_the_old_document_of_their_new_name_at_once(desk: Desk) -> None:
    desk.ingest(desk.upload("a.txt", b"a"), "text of a")
    desk.ingest(desk.upload("b.txt", b"b"), "text of b")
    assert desk.upload("b.txt", b"a").status == Status.READY
    assert (desk.names(), desk.texts(), desk.stored()) == ([("b.txt", "ready"), ("a.txt", "ready")], ["text of a"], 1)


def test_a_document_deleted_while_it_is_ingested_leaves_nothing(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a")
    attempt = documents.start_attempt(desk.engine, document.id)
    assert attempt is not None
    desk.delete(document)
    assert not documents.set_progress(desk.engine, document.id, attempt, Status.EMBEDDING, 0.5, pages_read=1, pages_total=2)
    assert desk.commit(document, attempt, ["text"]) is None
    assert (desk.names(), desk.texts(), desk.stored(), feed.changes_since(desk.engine, 0)) == ([], [], 0, [])


def test_an_attempt_that_another_superseded_changes_nothing(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a")
    first, second = documents.start_attempt(desk.engine, document.id), documents.start_attempt(desk.engine, document.id)
    assert (first, second) == (1, 2)
    assert not documents.set_progress(desk.engine, document.id, 1, Status.EMBEDDING, 0.5, pages_read=1, pages_total=2)
    assert not documents.fail(desk.engine, document.id, 1, "No.", retry_helps=False)
    assert desk.commit(document, 1, ["text"]) is None
    assert documents.set_progress(desk.engine, document.id, 2, Status.EMBEDDING, 0.5, pages_read=1, pages_total=2)
    assert (desk.get(document).status, desk.get(document).progress) == (Status.EMBEDDING, 0.5)
    assert desk.commit(document, 2, ["text"]) is not None
    assert documents.start_attempt(desk.engine, document.id) is None


def test_a_commit_that_breaks_in_the_middle_leaves_nothing(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a")
    attempt = documents.start_attempt(desk.engine, document.id)
    version = feed.current_version(desk.engine)

    def texts() -> object:
        yield "one"
        raise RuntimeError("the parser broke")

    assert attempt is not None
    with pytest.raises(RuntimeError, match="the parser broke"):
        desk.commit(document, attempt, texts())  # type: ignore[arg-type]
    assert (desk.get(document).status, desk.texts(), feed.current_version(desk.engine)) == (Status.PARSING, [], version)


def test_a_collection_takes_vectors_of_one_embedder_only(desk: Desk) -> None:
    first, second = desk.upload("a.txt", b"a"), desk.upload("b.txt", b"b")
    other = EmbedderStamp("other", 4, "query: ", "passage: ")
    desk.ingest(first)
    with pytest.raises(EmbedderMismatch, match=r"Collection 'default' was embedded by .*'tiny'.* but 'other'"):
        desk.ingest(second, stamp=other)
    assert desk.get(second).status == Status.PARSING
    desk.delete(first)
    assert desk.ingest(second, stamp=other) is not None


def test_unfinished_documents_come_in_the_order_of_their_upload(desk: Desk) -> None:
    first, second, third = (desk.upload(name, name.encode()) for name in "abc")
    desk.ingest(second)
    documents.start_attempt(desk.engine, first.id)
    assert [document.id for document in documents.unfinished(desk.engine, 10)] == [first.id, third.id]
    assert [document.id for document in documents.unfinished(desk.engine, 1)] == [first.id]


def test_a_document_outside_the_key_s_collections_does_not_exist_for_it(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a", "secret")
    desk.ingest(document)
    others = frozenset({"default"})
    for read in (
        lambda: documents.get(desk.engine, document.id, others),
        lambda: documents.page_text(desk.engine, document.id, 1, others),
        lambda: documents.delete(desk.engine, desk.blobs, document.id, others),
        lambda: documents.get(desk.engine, document.id, frozenset()),
    ):
        with pytest.raises(NotFound, match="There is no document"):
            read()
    assert documents.list_documents(desk.engine, others) == ([], None)
    assert documents.get(desk.engine, document.id, frozenset({"secret"})).name == "a.txt"


def test_documents_are_filtered_by_collection_status_and_language(desk: Desk) -> None:
    desk.ingest(desk.upload("de", b"1", "x"), language="de")
    desk.ingest(desk.upload("th", b"2", "x"), language="th")
    desk.upload("waiting", b"3", "y")

    def names(**filters: str) -> list[str]:
        return [document.name for document in documents.list_documents(desk.engine, None, **filters)[0]]  # type: ignore[arg-type]

    assert names(collection="x") == ["th", "de"]
    assert names(status="queued") == ["waiting"]
    assert names(language="de") == ["de"]
    assert names(collection="y", language="de") == []


def test_pages_of_the_list_neither_repeat_nor_hide_a_document_when_others_arrive(desk: Desk) -> None:
    for number in range(5):
        desk.upload(f"old {number}", b"%d" % number)
    first, cursor = documents.list_documents(desk.engine, None, limit=2)
    desk.upload("new", b"new")
    second, cursor = documents.list_documents(desk.engine, None, limit=2, cursor=cursor)
    third, end = documents.list_documents(desk.engine, None, limit=2, cursor=cursor)
    assert [document.name for document in first + second + third] == ["old 4", "old 3", "old 2", "old 1", "old 0"]
    assert end is None


@pytest.mark.parametrize(
    "cursor", ["", "x", "ก", "a" * 5000, base64.b64encode(b"2026-01-01 x").decode(), base64.b64encode(b"\xff").decode()]
)
def test_a_cursor_that_was_never_given_out_is_refused(desk: Desk, cursor: str) -> None:
    with pytest.raises(InvalidInput, match=r"The cursor .* is unknown"):
        documents.list_documents(desk.engine, None, cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_bounds_is_refused(desk: Desk, limit: int) -> None:
    with pytest.raises(InvalidInput, match="expected 1 to 1000"):
        documents.list_documents(desk.engine, None, limit=limit)


@pytest.mark.parametrize("name", ["พนักงาน.pdf", "हिन्दी फ़ाइल.docx", "a'b\"c;--%_\\.txt", "🏔" * 500, "line\nbreak\ttab", "é", "é"])
def test_any_unicode_name_comes_back_as_it_was(desk: Desk, name: str) -> None:
    assert desk.get(desk.upload(name, b"a", name)).name == name
    assert desk.upload(name, b"a", name).collection == name


def test_what_no_database_stores_in_text_is_replaced_one_for_one(desk: Desk) -> None:
    document = desk.upload("a\x00b\udc80.txt", b"a")
    assert desk.get(document).name == "a\ufffdb\ufffd.txt"
    assert desk.upload("a\x00b\udc80.txt", b"a").id == document.id
    desk.ingest(document, "x\x00y\ud800z")
    assert documents.page_text(desk.engine, document.id, 1, None).text == "x\ufffdy\ufffdz"
    assert desk.texts() == ["x\ufffdy\ufffdz"]


@pytest.mark.parametrize("name", ["", "n" * 501])
def test_a_name_that_is_empty_or_too_long_is_refused_and_nothing_is_kept(desk: Desk, name: str) -> None:
    with pytest.raises(InvalidInput, match=f"The file's name has {len(name)} characters, expected 1 to 500"):
        desk.upload(name, b"a")
    assert (desk.stored(), list((desk.blobs.root / "staging").iterdir())) == (0, [])


def test_pages_are_counted_while_they_are_parsed(desk: Desk) -> None:
    document = desk.upload("a.pdf", b"a")
    attempt = documents.start_attempt(desk.engine, document.id)
    assert attempt is not None
    documents.set_progress(desk.engine, document.id, attempt, Status.PARSING, 0.2, pages_read=3, pages_total=7)
    assert (desk.get(document).pages_read, desk.get(document).pages) == (3, 7)
    documents.start_attempt(desk.engine, document.id)
    assert (desk.get(document).pages_read, desk.get(document).pages) == (0, None), "another attempt begins at the first page"


def test_damaged_pages_are_remembered_with_the_content(desk: Desk) -> None:
    document = desk.upload("a.pdf", b"a")
    attempt = documents.start_attempt(desk.engine, document.id)
    assert attempt is not None
    pages = [Page(1, "fine"), Page(2, "\ue001\ue002", damaged=True), Page(3, "fine"), Page(4, "\ue001", damaged=True)]
    chunks = [embedded("fine", 1, "en")]
    commit.commit(desk.engine, document.id, attempt, pages=pages, chunks=chunks, language="en", embedder=STAMP)
    assert desk.get(document).damaged == (2, 4)
    assert desk.upload("b.pdf", b"a").damaged == (2, 4)


def test_what_was_not_read_is_remembered_with_the_content_each_sentence_once(desk: Desk) -> None:
    document = desk.upload("a.eml", b"a")
    attempt = documents.start_attempt(desk.engine, document.id)
    assert attempt is not None
    pages = [
        Page(1, "fine", notes=("A picture holds no text.",)),
        Page(2, "fine", notes=("A part is encrypted.", "A picture holds no text.")),
    ]
    chunks = [embedded("fine", 1, "en")]
    commit.commit(desk.engine, document.id, attempt, pages=pages, chunks=chunks, language="en", embedder=STAMP)
    expected = (Note("A picture holds no text.", (1, 2)), Note("A part is encrypted.", (2,)))
    assert desk.get(document).notes == expected
    assert desk.upload("b.eml", b"a").notes == expected


def test_a_cancelled_ingest_changes_nothing_more_and_a_retry_begins_anew(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a")
    attempt = documents.start_attempt(desk.engine, document.id)
    assert attempt is not None
    cancelled = documents.cancel(desk.engine, document.id, None)
    assert (cancelled.status, cancelled.retry_helps) == (Status.FAILED, True)
    assert cancelled.error == "The ingest was cancelled; try it again, or delete the document."
    assert not documents.set_progress(desk.engine, document.id, attempt, Status.PARSING, 0.1, pages_read=1, pages_total=None)
    assert (desk.commit(document, attempt, ["text"]), desk.texts()) == (None, [])
    again = documents.retry(desk.engine, document.id, None)
    assert (again.status, again.error, again.retry_helps) == (Status.QUEUED, None, None)
    assert again.version > document.version
    assert desk.commit(document, attempt, ["text"]) is None, "the cancelled attempt stays cancelled"
    desk.ingest(again, "text")
    assert desk.texts() == ["text"]


def test_a_retry_of_bytes_that_came_meanwhile_is_ready_at_once(desk: Desk) -> None:
    failed = desk.upload("a.txt", b"same")
    documents.cancel(desk.engine, failed.id, None)
    desk.ingest(desk.upload("b.txt", b"same"), "the text")
    assert documents.retry(desk.engine, failed.id, None).status == Status.READY
    assert desk.texts() == ["the text"]


def test_only_what_is_unfinished_is_cancelled_and_only_what_failed_is_tried_again(desk: Desk) -> None:
    document = desk.upload("a.txt", b"a")
    with pytest.raises(WrongState, match="is queued; only a failed one is tried again"):
        documents.retry(desk.engine, document.id, None)
    desk.ingest(document)
    with pytest.raises(WrongState, match="is ready already, so there is nothing to cancel"):
        documents.cancel(desk.engine, document.id, None)
    with pytest.raises(NotFound):
        documents.cancel(desk.engine, document.id, ["another"])
    with pytest.raises(NotFound):
        documents.retry(desk.engine, "nothing", None)
