"""The routes of documents: list with filters and cursor, original, text, progress events, and what a browser may do with them."""

import io
import json
from collections.abc import Collection
from pathlib import Path

import fpdf
import httpx
import psutil
import pypdf
from prometheus_client.parser import text_string_to_metric_families
from pypdf.generic import DecodedStreamObject, NameObject

from tests.service import Service, add, finished, upload


def test_a_list_goes_on_where_its_cursor_points(client: httpx.Client, collection: str) -> None:
    ids = [add(client, f"note {number}.txt", f"Note number {number}.".encode(), collection)["id"] for number in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        query = {"collection": collection, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/documents", params=query).json()
        seen += [document["id"] for document in page["documents"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]
    assert client.get("/v1/documents", params={"cursor": "nonsense"}).status_code == 422


def test_a_list_shows_one_status_or_language_only(client: httpx.Client, collection: str) -> None:
    add(client, "deutsch.txt", "Der Zug nach Hamburg fährt jeden Morgen um acht Uhr vom Bahnhof ab.".encode(), collection)
    add(client, "broken.pdf", b"%PDF-1.7 broken", collection)

    def names(**query: str) -> list[str]:
        return [
            document["name"] for document in client.get("/v1/documents", params={"collection": collection, **query}).json()["documents"]
        ]

    assert names(language="de") == ["deutsch.txt"]
    assert names(status="failed") == ["broken.pdf"]
    assert names(language="th") == []


def test_the_original_comes_back_as_a_download_that_cannot_run(client: httpx.Client, collection: str) -> None:
    content = b"<html><body><script>alert(1)</script><p>The ferry leaves at nine.</p></body></html>"
    document = add(client, "fähre/plan.html", content, collection)
    response = client.get(f"/v1/documents/{document['id']}/content")
    assert response.content == content
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''plan.html"
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"


def test_the_text_of_a_page_is_told_with_its_label(client: httpx.Client, collection: str) -> None:
    document = add(client, "ferry.md", b"# Winter\n\nThe ferry rests.\n\n# Summer\n\nThe ferry leaves at nine.\n", collection)
    page = client.get(f"/v1/documents/{document['id']}/text", params={"page": 2}).json()
    assert (page["label"], page["pages"], page["text"]) == ("Summer", 2, "Summer\n\nThe ferry leaves at nine.")
    missing = client.get(f"/v1/documents/{document['id']}/text", params={"page": 3})
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")


def test_progress_is_told_until_the_document_is_ready_or_deleted(client: httpx.Client, collection: str) -> None:
    document_id = upload(client, ("long.txt", b"A sentence about harbours and ships.\n\n" * 2_000), collection=collection)[0]["id"]
    told = client.get(f"/v1/documents/{document_id}/events").text
    events = [json.loads(line.removeprefix("data: ")) for line in told.splitlines() if line.startswith("data: ")]
    assert events[-1]["status"] == "ready"
    assert len(events) > 1
    assert [event["progress"] for event in events] == sorted(event["progress"] for event in events)

    document_id = upload(client, ("gone.txt", b"Another sentence about ships.\n\n" * 2_000), collection=collection)[0]["id"]
    with client.stream("GET", f"/v1/documents/{document_id}/events") as response:
        lines = response.iter_lines()
        assert next(lines) == "event: document"
        client.delete(f"/v1/documents/{document_id}")
        assert [line for line in lines if line.startswith("event")][-1] in ("event: deleted", "event: document")


def test_progress_of_a_collection_is_told_until_nothing_of_it_waits(client: httpx.Client, collection: str) -> None:
    files = [(f"{number}.txt", f"Ship {number} is in the harbour.\n\n".encode() * 300) for number in range(6)]
    upload(client, *files, collection=collection)
    told = client.get("/v1/documents/events", params={"collection": collection}).text
    events = [json.loads(line.removeprefix("data: ")) for line in told.splitlines() if line.startswith("data: ")]
    assert events[-1] == {"documents": {"ready": 6}, "unfinished": 0}
    assert [event["unfinished"] for event in events] == sorted((event["unfinished"] for event in events), reverse=True)
    assert all(sum(event["documents"].values()) == 6 for event in events)
    again = client.get("/v1/documents/events", params={"collection": collection}).text
    assert again.count("event: progress") == 1


def test_prometheus_is_told_how_many_documents_each_collection_has(service: Service, client: httpx.Client, collection: str) -> None:
    add(client, "ship.txt", b"The ship is in the harbour.", collection)
    assert add(client, "broken.pdf", b"%PDF-1.4 broken", collection)["status"] == "failed"
    answer = client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    counts = {s.labels["status"]: s.value for s in families["glossa_documents"].samples if s.labels["collection"] == collection}
    assert counts == {"queued": 0, "parsing": 0, "embedding": 0, "ready": 1, "failed": 1}
    assert families["glossa_catalog_version"].samples[0].value == client.get("/v1/status").json()["version"]
    assert httpx.get(f"{service.url}/metrics").status_code == 401


def test_a_conversation_is_answered_at_its_last_question(client: httpx.Client, collection: str) -> None:
    ferry = add(client, "ferry.md", b"# Ferry\n\nThe ferry to the island leaves at nine.\n\nThe bus to the harbour is red.\n", collection)
    messages = [
        {"role": "user", "content": "What colour is the bus to the harbour?"},
        {"role": "assistant", "content": "Red."},
        {"role": "user", "content": "When does the ferry to the island leave?"},
    ]
    # the long documents before may still be on their way into the index: this upload must be seen all the same
    asked = {"messages": messages, "collections": [collection], "min_version": ferry["version"]}
    answer = client.post("/v1/ask", json=asked).json()
    assert answer["citations"][0]["quote"] == "The ferry to the island leaves at nine."


def test_filters_by_document_and_language_are_exact(client: httpx.Client, collection: str) -> None:
    english = add(client, "en.txt", b"The lighthouse is painted white every spring.", collection)
    german = add(client, "de.txt", "Der Leuchtturm wird jedes Frühjahr weiß gestrichen.".encode(), collection)

    def found(**filters: list[str]) -> set[str]:
        response = client.post("/v1/search", json={"question": "lighthouse Leuchtturm", "collections": [collection], "filters": filters})
        return {passage["document_id"] for passage in response.json()["passages"]}

    assert found() == {english["id"], german["id"]}
    assert found(languages=["de"]) == {german["id"]}
    assert found(document_ids=[english["id"]]) == {english["id"]}
    assert found(document_ids=[english["id"]], languages=["de"]) == set()


def test_no_process_of_the_service_reports_home(service: Service) -> None:
    told = {}
    for process in psutil.Process(service.process.pid).children(recursive=True):
        environment = process.environ()  # a worker's is overwritten by its title; Ray's daemons, who start the workers, keep theirs
        if "RAY_AUTH_MODE" in environment:
            told[Path(process.exe()).name] = (environment["RAY_USAGE_STATS_ENABLED"], environment["HF_HUB_OFFLINE"])
    assert {"gcs_server", "raylet"} <= told.keys()
    assert set(told.values()) == {("0", "1")}


def test_an_ingest_is_stopped_and_tried_again(client: httpx.Client, collection: str) -> None:
    long = b"A sentence about harbours and ships.\n\n" * 6_000  # ten seconds of the encoder or more
    document_id = upload(client, ("long.txt", long), collection=collection)[0]["id"]
    stopped = client.post(f"/v1/documents/{document_id}/cancel").json()
    assert (stopped["status"], stopped["retry_helps"]) == ("failed", True)
    conflict = client.post(f"/v1/documents/{document_id}/cancel")
    assert (conflict.status_code, conflict.headers["content-type"]) == (409, "application/problem+json")
    assert client.post(f"/v1/documents/{document_id}/retry").json()["status"] == "queued"
    assert finished(client, document_id)["status"] == "ready"
    assert client.post(f"/v1/documents/{document_id}/retry").status_code == 409
    assert client.post("/v1/documents/nothing/retry").status_code == 404


def test_a_failure_says_whether_another_try_can_help(client: httpx.Client, collection: str) -> None:
    assert add(client, "broken.pdf", b"%PDF-1.7 broken", collection)["retry_helps"] is False


def pdf(*texts: str, damaged: Collection[int] = ()) -> bytes:
    """A page for each text. The `damaged` ones use a font whose table maps every glyph to the private use area."""
    written = fpdf.FPDF()
    for text in texts:
        written.add_page()
        written.set_font("Helvetica" if written.page not in damaged else "Times", size=12)
        written.set_text_color(255 if written.page in damaged else 0)  # white: text recognition does not see it either
        written.cell(text=text)
    writer = pypdf.PdfWriter(io.BytesIO(bytes(written.output())))
    table = DecodedStreamObject()
    table.set_data(b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange <20> <7E> <E020> endbfrange endcmap")
    for number in damaged:
        for font in writer.pages[number - 1]["/Resources"]["/Font"].values():  # type: ignore[index]
            if "Times" in font.get_object()["/BaseFont"]:
                font.get_object()[NameObject("/ToUnicode")] = writer._add_object(table)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_damaged_pages_are_told(client: httpx.Client, collection: str) -> None:
    texts = [f"The ferry leaves at nine from quay number {number}." for number in range(1, 5)]
    assert add(client, "fine.pdf", pdf(*texts), collection)["damaged"] == []
    document = add(client, "damaged.pdf", pdf(*texts, damaged=[2, 3]), collection)
    assert (document["status"], document["pages"], document["damaged"]) == ("ready", 4, [2, 3])
