"""A document's whole way into a real catalog, without Ray."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, Row, select

from ingest.formats import sniff
from ingest.pipeline import ingest
from ingest.sandbox import Sandbox
from ingest.spool import HELD
from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.documents import Document
from rag.catalog.schema import migrate, open_catalog
from rag.catalog.tables import chunks
from rag.embedder import Embedder, load_embedder
from tests.rag.tiny_transformer import save_tiny_transformer

SAMPLES = Path(__file__).parents[2] / "samples" / "documents"
POLISH = "Gdzie mogę znaleźć instrukcję obsługi tej pompy wodnej? Gwarancja trwa dwa lata od dnia zakupu, a części zamienne są dostępne."
GERMAN = "Jede Bestellung wird innerhalb von zwei Werktagen verschickt, und die Rücksendung ist kostenlos. "
ENGLISH = "Every order is shipped within two working days, and sending it back to our warehouse is free. "


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
    return load_embedder(None)


@pytest.mark.parametrize("name", ["handbook.md", "rongngan-chiangmai.pdf", "suraksha-niti.docx", "catalogo-accessori.xlsx"])
def test_vectors_from_the_tokens_of_a_page_are_near_those_of_the_texts(name: str, bench: Bench, static: Embedder) -> None:
    document, rows = bench.ingest(SAMPLES / name, static)
    assert document.status == "ready"
    of_texts = static.encode_passages([row.text for row in rows])
    vectors = np.array([np.frombuffer(row.vector, "<f2") for row in rows], np.float32)
    assert (of_texts * vectors).sum(axis=1).min() > 0.99
    windows = [np.frombuffer(row.windows, "<f2").reshape(-1, static.dimension).astype(np.float32) for row in rows]
    assert any(len(each) for each in windows)
    for own, vector in zip(windows, vectors, strict=True):
        assert np.abs(np.linalg.norm(own, axis=1) - 1).max(initial=0) < 0.01
        if len(own):  # their sum points where the chunk does
            assert own.sum(axis=0) @ vector / np.linalg.norm(own.sum(axis=0)) > 0.9


def test_a_transformers_chunks_have_vectors_of_their_texts_and_no_windows(bench: Bench, tmp_path: Path) -> None:
    transformer = load_embedder(str(save_tiny_transformer(tmp_path / "model")))
    _, rows = bench.ingest(SAMPLES / "handbook.md", transformer)
    vectors = np.array([np.frombuffer(row.vector, "<f2") for row in rows], np.float32)
    assert np.allclose(vectors, transformer.encode_passages([row.text for row in rows]), atol=0.01)
    assert {row.windows for row in rows} == {b""}


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
