"""Changing the embedder with real models gives what an ingest with the new one would have given."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ingest.reembedding import reembed
from rag.catalog.feed import live_contents
from rag.catalog.reembedding import switch
from rag.catalog.tables import chunks, collections, contents, documents
from rag.embedder import Embedder
from rag.load_embedder import STATIC, load_embedder
from rag.retriever import Retriever
from tests.ingest.test_pipeline import POLISH, SAMPLES, Bench
from tests.rag.tiny_transformer import save_tiny_transformer

FILES = ("handbook.md", "rongngan-chiangmai.pdf", "catalogo-accessori.xlsx")


def rows(bench: Bench) -> list[tuple[Any, ...]]:
    """All chunks with the names of their documents, but without numbers that a catalog gives."""
    columns = [column for column in chunks.columns if column.name not in ("id", "content_id")]
    joined = chunks.join(contents).join(documents, documents.c.content_id == contents.c.id).join(collections)
    with bench.engine.connect() as connection:
        query = select(documents.c.name, *columns).select_from(joined).order_by(documents.c.name, chunks.c.ordinal)
        return [tuple(row) for row in connection.execute(query)]


def contexts(bench: Bench) -> list[tuple[str, str]]:
    """What each chunk begins with, and its context."""
    with bench.engine.connect() as connection:
        return [(text[:40], context) for text, context in connection.execute(select(chunks.c.text, chunks.c.context).order_by(chunks.c.id))]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Embedder]:
    folder = save_tiny_transformer(tmp_path_factory.mktemp("models") / "tiny-bert")
    return {"encoder": load_embedder(), "static": load_embedder(STATIC), "transformer": load_embedder(str(folder))}


def test_the_headings_of_a_document_reach_over_its_pages_as_in_ingest(models: dict[str, Embedder], tmp_path: Path) -> None:
    """By two tokenizers alike: the contexts are of the pages, which are read from the catalog one by one."""
    bench, static, other = Bench(tmp_path), models["static"], models["encoder"]
    with contextlib.closing(bench.sandbox):
        bench.ingest(SAMPLES / "rongngan-chiangmai.pdf", static)
    ingested = contexts(bench)
    reembed(bench.engine, other, (), lambda: None)
    switch(bench.engine, other.stamp)
    assert contexts(bench) == ingested
    assert {context.partition(".")[0] for _, context in ingested} == {"คู่มือพนักงานโรงงานเชียงใหม่"}


@pytest.mark.parametrize(("before", "after"), [("static", "encoder"), ("encoder", "transformer"), ("transformer", "static")])
def test_it_is_as_if_the_new_embedder_had_ingested_all(before: str, after: str, models: dict[str, Embedder], tmp_path: Path) -> None:
    (tmp_path / "polski.txt").write_text(POLISH * 3, encoding="utf-8")
    paths = [*(SAMPLES / name for name in FILES), tmp_path / "polski.txt"]
    for folder in ("changed", "fresh"):
        (tmp_path / folder).mkdir()
    changed, fresh = Bench(tmp_path / "changed"), Bench(tmp_path / "fresh")
    with contextlib.closing(changed.sandbox), contextlib.closing(fresh.sandbox):
        for path in paths:
            changed.ingest(path, models[before])
            fresh.ingest(path, models[after])
    done: list[None] = []
    retriever = Retriever(changed.engine, models[after])
    retriever.follow()
    assert list(retriever.foreign) == ["default"]
    assert reembed(changed.engine, models[after], (), lambda: done.append(None)) == ["default"]
    assert len(done) == len(paths) == len(live_contents(changed.engine))
    assert rows(changed) != rows(fresh)
    switch(changed.engine, models[after].stamp)
    assert rows(changed) == rows(fresh)  # context, text, vector, tokens
    assert any(context for _, context in contexts(changed))
    retriever.follow()  # a replica that runs finds it without a new start
    assert retriever.foreign == {}
    assert retriever.search("instrukcję obsługi pompy", visible=None)[0].name == "polski.txt"
    assert reembed(changed.engine, models[after], (), lambda: done.append(None)) == []
    assert len(done) == len(paths)
