"""A document's whole way into a real catalog, without Ray."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, Row, select

from ingest.magic import sniff
from ingest.pipeline import ingest
from ingest.sandbox import Sandbox
from ingest.spool import HELD
from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.documents import Document
from rag.catalog.schema import migrate, open_catalog
from rag.catalog.tables import chunks, pages
from rag.embedder import Embedder
from rag.load_embedder import STATIC, load_embedder
from rag.retriever import Retriever
from tests.rag.tiny_transformer import save_tiny_transformer

SAMPLES = Path(__file__).parents[2] / "samples" / "documents"
POLISH = "Gdzie mogę znaleźć instrukcję obsługi tej pompy wodnej? Gwarancja trwa dwa lata od dnia zakupu, a części zamienne są dostępne."
GERMAN = "Jede Bestellung wird innerhalb von zwei Werktagen verschickt, und die Rücksendung ist kostenlos. "
ENGLISH = "Every order is shipped within two working days, and sending it back to our warehouse is free. "
NOTICE = "Either side may end the contract with four weeks of notice, which begin on the first day of the month that follows. "


class Bench:
    """An empty catalog and what an ingest needs beside it."""

    def __init__(self, folder: Path) -> None:
        self.engine: Engine = open_catalog(f"sqlite:///{folder}/catalog.sqlite")
        self.blobs = BlobStore(folder / "blobs")
        self.sandbox = Sandbox()
        migrate(self.engine)

    def ingest(self, path: Path, embedder: Embedder) -> tuple[Document, list[Row[Any]]]:
        """The document at the end, and its chunks."""
        staged = self.blobs.stage()
        staged.write(path.read_bytes())
        staged.finish()
        media_type = sniff(path, path.name)
        row = documents.register(self.engine, self.blobs, staged, collection="default", name=path.name, media_type=media_type)
        ingest(row, engine=self.engine, blobs=self.blobs, embedder=embedder, sandbox=self.sandbox)
        with self.engine.connect() as connection:
            return documents.get(self.engine, row.id, None), list(connection.execute(select(chunks).order_by(chunks.c.id)))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with contextlib.closing((made := Bench(tmp_path)).sandbox):
        yield made


@pytest.fixture(scope="module")
def static() -> Embedder:
    """Fast, where it does not matter which model embeds."""
    return load_embedder(STATIC)


@pytest.fixture(scope="module")
def models(static: Embedder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Embedder]:
    folder = save_tiny_transformer(tmp_path_factory.mktemp("models") / "tiny-bert")
    return {"encoder": load_embedder(), "static": static, "transformer": load_embedder(str(folder))}


@pytest.mark.parametrize("name", ["handbook.md", "rongngan-chiangmai.pdf", "suraksha-niti.docx", "catalogo-accessori.xlsx"])
@pytest.mark.parametrize("model", ["encoder", "static", "transformer"])
def test_vectors_are_those_of_the_texts_after_their_context(name: str, model: str, bench: Bench, models: dict[str, Embedder]) -> None:
    document, rows = bench.ingest(SAMPLES / name, models[model])
    assert document.status == "ready"
    vectors = np.array([np.frombuffer(row.vector, "<f2") for row in rows], np.float32)
    contextual = [f"{row.context}. {row.text}" if row.context else row.text for row in rows]
    assert vectors == pytest.approx(models[model].encode_passages(contextual), abs=0.002)
    assert any(row.context for row in rows)


def test_texts_and_offsets_are_those_of_the_page_without_the_context(bench: Bench, static: Embedder) -> None:
    _, rows = bench.ingest(SAMPLES / "handbook.md", static)
    with bench.engine.connect() as connection:
        texts = {row.number: row.text for row in connection.execute(select(pages))}
    assert [row.text for row in rows] == [texts[row.page][row.start : row.end] for row in rows]
    (leave,) = (row for row in rows if row.text.startswith("Holidays in Leeds"))
    assert (leave.context, "Handbook" in leave.text) == ("The Halvarin Handbook. Holidays in Leeds", False)


def test_words_of_the_title_find_a_chunk_that_does_not_hold_them(bench: Bench, static: Embedder, tmp_path: Path) -> None:
    (tmp_path / "rules.md").write_text(
        f"# Work rules of Freiburg\n\n{ENGLISH * 12}\n\n## Notice period\n\n{NOTICE * 12}\n", encoding="utf-8"
    )
    _, rows = bench.ingest(tmp_path / "rules.md", static)
    last = rows[-1]
    assert (last.context, "Freiburg" in last.text) == ("Work rules of Freiburg. Notice period", False)
    retriever = Retriever(bench.engine, static)
    retriever.follow()
    found = {passage.start: passage for passage in retriever.search("Freiburg", visible=None, k=len(rows)) if passage.page == last.page}
    assert found[last.start].scores["lexical"] > 0
    assert found[last.start].text == last.text


def test_the_chunks_of_a_document_in_two_languages_have_each_their_own(bench: Bench, static: Embedder, tmp_path: Path) -> None:
    (tmp_path / "mixed.md").write_text(f"# Versand\n\n{GERMAN * 12}\n\n# Shipping\n\n{ENGLISH * 12}\n", encoding="utf-8")
    _, rows = bench.ingest(tmp_path / "mixed.md", static)
    assert {row.language for row in rows if "Bestellung" in row.text and "order" not in row.text} == {"de"}
    assert {row.language for row in rows if "order" in row.text and "Bestellung" not in row.text} == {"en"}


def test_a_document_outside_the_eight_is_marked_and_so_are_its_chunks(bench: Bench, static: Embedder, tmp_path: Path) -> None:
    (tmp_path / "pompa.txt").write_text(f"{POLISH}\n" * 30, encoding="utf-8")
    document, rows = bench.ingest(tmp_path / "pompa.txt", static)
    assert (document.status, document.language, {row.language for row in rows}) == ("ready", "pl", {"pl"})


def test_a_document_of_more_chunks_than_are_held_in_memory_keeps_all_in_order(bench: Bench, static: Embedder, tmp_path: Path) -> None:
    lines = [f"Locker number {number} belongs to employee {number * 7919}. " + ENGLISH * 8 for number in range(HELD + 50)]
    (tmp_path / "lockers.txt").write_text("\n\n".join(lines), encoding="utf-8")
    document, rows = bench.ingest(tmp_path / "lockers.txt", static)
    assert (document.status, document.language) == ("ready", "en")
    assert len(rows) > HELD
    assert [row.ordinal for row in rows] == list(range(len(rows)))
    numbers = [int(number) for row in rows for number in re.findall(r"Locker number (\d+)", row.text)]
    assert numbers == list(range(HELD + 50))
