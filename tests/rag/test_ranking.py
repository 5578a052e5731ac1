import numpy as np

from rag.likeness import Likeness
from rag.ranking import Question, rank
from rag.shard import Shard
from tests.rag.chunks import DIMENSION, random_chunk

VECTOR = np.full(DIMENSION, DIMENSION**-0.5, np.float32)
QUESTION = Question("lamp", "en", VECTOR, np.array([1], np.int32))


def shard(language: str, first: int, count: int, text: str = "word") -> Shard:
    chunks = [random_chunk(number, text) for number in range(first, first + count)]
    made = Shard("default", language, DIMENSION, 10)
    made.add_dense(chunks)
    made.change_lexical(chunks, [])
    return made


def test_every_language_has_an_equal_share_of_the_candidates() -> None:
    shards = [shard("en", 1, 300), shard("de", 1001, 300), shard("th", 2001, 300)]
    ranked = rank(QUESTION, shards, within=None, depth=90, maxsim=None, likeness=Likeness())
    assert np.bincount(ranked.ids // 1000).tolist() == [30, 30, 30]
    assert ranked.scores.tolist() == sorted(ranked.scores.tolist(), reverse=True)


def test_two_shards_of_one_language_share_its_part_by_score() -> None:
    ranked = rank(QUESTION, [shard("en", 1, 100), shard("en", 1001, 100)], within=None, depth=50, maxsim=None, likeness=Likeness())
    assert len(ranked.ids) == 50


def test_words_bring_candidates_that_vectors_would_not() -> None:
    far = shard("en", 1, 300)
    worst = int(far.dense.search(VECTOR, 300)[0][-1])
    far.change_lexical([random_chunk(worst, "a lamp")], [worst])
    ranked = rank(QUESTION, [far], within=None, depth=20, maxsim=None, likeness=Likeness())
    assert worst in ranked.ids
    assert ranked.parts["lexical"][ranked.ids == worst][0] > 0


def test_no_shards_rank_nothing() -> None:
    assert len(rank(QUESTION, [], within=None, depth=20, maxsim=None, likeness=Likeness()).ids) == 0
