from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import CrossEncoder

from rag.errors import InvalidInput
from rag.records import Passage
from rag.reranker import Reranker, load_reranker, rerank
from tests.rag.tiny_transformer import tiny_cross_encoder

TEXTS = ["abc", "b c d", "", "a " * 500]


@pytest.fixture(scope="module")
def reranker(tmp_path_factory: pytest.TempPathFactory) -> Reranker:
    return load_reranker(str(tiny_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")))


def test_every_text_gets_a_score_between_zero_and_one_also_one_that_is_too_long(reranker: Reranker) -> None:
    scores = reranker.score("abc", TEXTS)
    assert (scores.shape, scores.dtype) == ((4,), np.float32)
    assert ((scores > 0) & (scores < 1)).all()
    assert reranker.score("abc", []).shape == (0,)


def test_scores_are_the_logistic_function_of_what_the_library_gives(reranker: Reranker) -> None:
    logits = CrossEncoder.predict(reranker.model, [("abc", text) for text in TEXTS], activation_fn=lambda logit: logit)
    assert reranker.score("abc", TEXTS) == pytest.approx(1 / (1 + np.exp(-np.asarray(logits, np.float64))), abs=1e-5)


def test_several_threads_get_the_same_scores(reranker: Reranker) -> None:
    expected = reranker.score("abc", TEXTS)
    with ThreadPoolExecutor(4) as threads:
        seen = list(threads.map(lambda _: reranker.score("abc", TEXTS), range(4)))
    assert all(scores == pytest.approx(expected, abs=1e-5) for scores in seen)


def test_passages_are_ordered_by_their_new_scores_which_are_told() -> None:
    passages = [Passage("d", name, 1, 0, 1, "x", "en", 0.9, {"window": 0.5}) for name in "abc"]
    best = rerank(passages, [0.1, 0.81239, 0.1])
    assert [(passage.name, passage.score) for passage in best] == [("b", 0.8124), ("a", 0.1), ("c", 0.1)]
    assert best[0].scores == {"window": 0.5, "reranker": 0.8124}


def test_what_is_no_reranker_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No reranker 'nowhere' was found"):
        load_reranker("nowhere")
    with pytest.raises(InvalidInput, match="cannot be loaded"):
        load_reranker(str(tmp_path))
    with pytest.raises(InvalidInput, match="gives 2 numbers"):
        load_reranker(str(tiny_cross_encoder(tmp_path / "two", labels=2)))
