"""Random uploads, ingests, failures and deletes, compared after each step with a model that fits in the head, over both databases."""

from dataclasses import dataclass
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from rag.catalog import documents, feed
from rag.catalog.documents import Document
from tests.conformance.catalog_fixture import Desk, load_content

NAMES = st.sampled_from(["a.txt", "b.txt", "c.txt"])
BYTES = st.sampled_from([b"1", b"2", b"3"])
WHICH = st.integers(0, 100)


@dataclass
class Row:
    """What the model knows of a document. `order` is the time of its last upload."""

    name: str
    data: bytes
    order: int
    status: str = "queued"
    attempt: int = 0


class Model:
    """The rules of the catalog, in the plainest form."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self._clock = count()

    def upload(self, document_id: str, name: str, data: bytes) -> None:
        row = self.rows.get(document_id)
        last = max((other.order for other in self.rows.values() if other.name == name), default=-1)
        if row is None or row.status == "failed":
            attempt = 0 if row is None else row.attempt
            self.rows[document_id] = Row(name, data, next(self._clock), attempt=attempt)
            if any(other.data == data and other.status == "ready" for other in self.rows.values()):
                self._publish(document_id)
        elif row.order < last:
            row.order = next(self._clock)
            if row.status == "ready":
                self._publish(document_id)

    def commit(self, document_id: str) -> None:
        data = self.rows[document_id].data
        for other in [key for key, row in self.rows.items() if row.data == data and row.status in ("queued", "parsing")]:
            self._publish(other)

    def _publish(self, document_id: str) -> None:
        shown = self.rows[document_id]
        shown.status = "ready"
        self.rows = {key: row for key, row in self.rows.items() if row.name != shown.name or row.order >= shown.order}


class Comparison(RuleBasedStateMachine):
    """Does each step to both, the catalog and the model."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk, self.model, self.seen = desk, Model(), dict[str, Document]()
        self.version = feed.current_version(desk.engine)
        self.shown = set[int]()

    def _choose(self, which: int) -> Document:
        ids = list(self.seen)
        return self.seen[ids[which % len(ids)]]

    @rule(name=NAMES, data=BYTES)
    def upload(self, name: str, data: bytes) -> None:
        document = self.desk.upload(name, data)
        self.seen[document.id] = document
        self.model.upload(document.id, name, data)

    @precondition(lambda self: self.seen)
    @rule(which=WHICH)
    def start(self, which: int) -> None:
        document = self._choose(which)
        row = self.model.rows.get(document.id)
        attempt = documents.start_attempt(self.desk.engine, document.id)
        if row is None or row.status in ("ready", "failed"):
            assert attempt is None
        else:
            row.attempt, row.status = row.attempt + 1, "parsing"
            assert attempt == row.attempt

    @precondition(lambda self: self.seen)
    @rule(which=WHICH, late=st.booleans())
    def commit(self, which: int, late: bool) -> None:
        document = self._choose(which)
        row = self.model.rows.get(document.id)
        attempt = (row.attempt if row else 1) - late
        version = self.desk.commit(document, attempt, [document.sha256])
        if row is None or late or row.status not in ("queued", "parsing"):
            assert version is None
        else:
            assert version == feed.current_version(self.desk.engine)
            self.model.commit(document.id)

    @precondition(lambda self: self.seen)
    @rule(which=WHICH)
    def fail(self, which: int) -> None:
        document = self._choose(which)
        row = self.model.rows.get(document.id)
        failed = documents.fail(self.desk.engine, document.id, row.attempt if row else 1, "No.", retry_helps=False)
        assert failed == (row is not None and row.status in ("queued", "parsing"))
        if failed and row is not None:
            row.status = "failed"

    @precondition(lambda self: self.model.rows)
    @rule(which=WHICH)
    def delete(self, which: int) -> None:
        ids = list(self.model.rows)
        document_id = ids[which % len(ids)]
        documents.delete(self.desk.engine, self.desk.blobs, document_id, None)
        del self.model.rows[document_id]

    @invariant()
    def the_catalog_lists_what_the_model_has(self) -> None:
        listed = {document.id: (document.name, document.status) for document in documents.list_documents(self.desk.engine, None)[0]}
        assert listed == {key: (row.name, row.status) for key, row in self.model.rows.items()}

    @invariant()
    def each_ready_content_is_held_once_and_no_other(self) -> None:
        ready = {self.seen[key].sha256 for key, row in self.model.rows.items() if row.status == "ready"}
        assert sorted(self.desk.texts()) == sorted(ready)

    @invariant()
    def the_store_holds_the_bytes_of_the_documents_and_no_others(self) -> None:
        documents.remove_dropped_blobs(self.desk.engine, self.desk.blobs)
        assert self.desk.stored() == len({row.data for row in self.model.rows.values()})

    @invariant()
    def a_follower_of_the_feed_holds_what_a_fresh_start_would_load(self) -> None:
        version = feed.current_version(self.desk.engine)
        assert version >= self.version
        for change in feed.changes_since(self.desk.engine, self.version):
            self.shown.discard(change.content_id)
            if load_content(self.desk.engine, change.content_id):
                self.shown.add(change.content_id)
        self.version = version
        assert sorted(self.shown) == [content for _, content in feed.live_contents(self.desk.engine)]

    def teardown(self) -> None:
        for document_id in self.model.rows:
            documents.delete(self.desk.engine, self.desk.blobs, document_id, None)


def test_the_catalog_behaves_as_its_model(desk: Desk) -> None:
    calm = settings(max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

    class AtThisDesk(Comparison):
        def __init__(self) -> None:
            super().__init__(desk)

    run_state_machine_as_test(AtThisDesk, settings=calm)
