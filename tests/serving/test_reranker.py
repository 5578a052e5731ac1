"""A service with a reranker: the order of the answer is the cross-encoder's."""

from pathlib import Path

import pytest

from rag.reranker import load_reranker
from tests.rag.tiny_transformer import tiny_cross_encoder
from tests.service import add, search, start

TEXTS = [f"{word} costs {price} euros" for price, word in enumerate(["lamp", "bulb", "cable", "holder", "charger", "mirror"], 10)]


@pytest.mark.heavy
def test_passages_come_in_the_order_of_the_named_cross_encoder(tmp_path: Path) -> None:
    model = tiny_cross_encoder(tmp_path / "model")
    service = start(tmp_path / "data", "--reranker", str(model))
    try:
        with service.client() as client:
            for number, text in enumerate(TEXTS):
                add(client, f"{number}.txt", text.encode())
            passages = search(client, "what costs a lamp", k=4)
    finally:
        service.stop()
    scores = dict(zip(TEXTS, load_reranker(str(model)).score("what costs a lamp", TEXTS).tolist(), strict=True))
    assert [passage["text"] for passage in passages] == sorted(TEXTS, key=lambda text: -scores[text])[:4]
    assert [passage["score"] for passage in passages] == pytest.approx(sorted(scores.values(), reverse=True)[:4], abs=1e-3)
    assert all(passage["scores"]["reranker"] == passage["score"] for passage in passages)
