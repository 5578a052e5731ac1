import numpy as np

from rag.shard import Shard
from tests.rag.chunks import DIMENSION, random_chunk


def test_a_shard_holds_each_token_of_a_chunk_once_in_two_bytes_where_the_vocabulary_allows() -> None:
    for vocabulary, kind in ((64_000, np.uint16), (250_000, np.int32)):
        shard = Shard("default", "en", DIMENSION, vocabulary)
        shard.add_dense([random_chunk(1, "one"), random_chunk(2, "two")])
        shard.remove_dense([1])
        assert (len(shard), list(shard.tokens), shard.tokens[2].dtype) == (1, [2], kind)
