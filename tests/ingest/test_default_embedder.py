"""A catalog of an earlier release answers with the model that made it, then with the encoder; with the real models."""

import contextlib
from pathlib import Path

from sqlalchemy import update

from ingest.reembedding import reembed
from rag.catalog.reembedding import switch
from rag.catalog.tables import chunks
from rag.default_embedder import default_embedder
from rag.load_embedder import load_embedder
from rag.retriever import Retriever
from tests.ingest.test_pipeline import SAMPLES, Bench

QUESTION = "โรงงานเชียงใหม่ปิดกี่วันในช่วงสงกรานต์"


def found(bench: Bench, question: str) -> list[str]:
    """As a service that starts now and is told no embedder."""
    embedder = load_embedder(default_embedder(bench.engine))
    switch(bench.engine, embedder.stamp)
    retriever = Retriever(bench.engine, embedder)
    retriever.follow()
    assert retriever.foreign == {}
    return [passage.name for passage in retriever.search(question, visible=None, k=1)]


def test_an_old_catalog_goes_on_with_the_static_model_and_after_reembed_with_the_encoder(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert default_embedder(bench.engine) is None
    with contextlib.closing(bench.sandbox):
        for name in ("handbook.md", "rongngan-chiangmai.pdf"):
            bench.ingest(SAMPLES / name, load_embedder("static"))
    with bench.engine.begin() as connection:
        connection.execute(update(chunks).values(context=""))  # migration 0004 leaves it so
    assert default_embedder(bench.engine) == "static"
    assert found(bench, QUESTION) == ["rongngan-chiangmai.pdf"]
    assert reembed(bench.engine, load_embedder(), (), lambda: None) == ["default"]
    assert default_embedder(bench.engine) is None
    assert found(bench, QUESTION) == ["rongngan-chiangmai.pdf"]
    assert default_embedder(bench.engine) is None
