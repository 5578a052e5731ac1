"""One interface to every embedding model: vectors for passages and questions, tokens with offsets, token vectors.

The encoder of the package is run by `rag.encoder`; static models, whose vector of a text is the sum of its tokens', are computed here; all
others in `rag.transformer_embedder`. `rag.load_embedder` chooses.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from tokenizers import Tokenizer

from rag import encoder
from rag.likeness import Likeness, measured
from rag.maxsim import MaxSim
from rag.records import EmbedderStamp

QUESTION_PROMPTS = ("query", "question")  # the names that models use in their configuration
PASSAGE_PROMPTS = ("document", "passage", "corpus")
# Prompts that model cards demand and the models' configurations do not bring: by how the model's name begins, the first that fits.
KNOWN_PROMPTS = {
    # https://huggingface.co/intfloat/multilingual-e5-large-instruct: "Each query must come with a one-sentence instruction"
    "multilingual-e5-large-instruct": (
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ",
        "",
    ),
    "multilingual-e5-": ("query: ", "passage: "),  # https://huggingface.co/intfloat/multilingual-e5-large
    "e5-": ("query: ", "passage: "),
}
TINY = 1e-12  # instead of a length of zero

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text, without special ones: ids i32 (t,), and the span of characters that each stands for."""

    ids: NDArray[np.int32]
    offsets: list[tuple[int, int]]


class PassageEmbedder(ABC):
    """What ingest needs of a model; for any number of threads."""

    def __init__(self, name: str, dimension: int, prompts: Mapping[str, str | None], tokenizer: Tokenizer) -> None:
        """`name` goes into the stamp of the collections that it embeds; `prompts` are those of the model's configuration.

        The tokenizer is kept and changed: it cuts nothing off and fills nothing up from now on.
        """
        self.dimension = dimension
        self.question_prompt, self.passage_prompt = _prompts(prompts, name)
        self.stamp = EmbedderStamp(name, dimension, self.question_prompt, self.passage_prompt)
        self.tokenizer = tokenizer
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    @abstractmethod
    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """L2-normalised vectors f32 (n, d); zeros for a text without tokens."""

    def tokenize(self, text: str) -> Tokens:
        """The model's own tokens of a whole text, however long."""
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        return Tokens(np.array(encoding.ids, np.int32), encoding.offsets)


class Embedder(PassageEmbedder):
    """A loaded model. `likeness` brings its cosines onto the encoder's scale.

    `token_vectors` f32 (vocabulary, d), of vectors that do not depend on the context, and `maxsim` over them exist for the two models of
    the package and for static ones.
    """

    token_vectors: Vectors | None = None
    maxsim: MaxSim | None = None
    likeness = Likeness()

    @abstractmethod
    def encode_question(self, question: str) -> Vectors:
        """The L2-normalised vector f32 (d,); zeros for a question without tokens."""


class StaticEmbedder(Embedder):
    """A model with one vector a token, as sentence-transformers' StaticEmbedding."""

    token_vectors: Vectors
    maxsim: MaxSim

    def __init__(self, name: str, token_vectors: Vectors, prompts: Mapping[str, str | None], tokenizer: Tokenizer) -> None:
        super().__init__(name, token_vectors.shape[1], prompts, tokenizer)
        self.token_vectors = token_vectors
        self.maxsim = MaxSim(token_vectors)
        self.likeness = measured(self.encode_question, self.encode_passages)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        encodings = self.tokenizer.encode_batch([self.passage_prompt + text for text in texts], add_special_tokens=False)
        borders = np.cumsum([0, *(len(encoding.ids) for encoding in encodings)])
        ids = [token for encoding in encodings for token in encoding.ids]
        return normalised(self._sums(np.array(ids, np.int32), borders))

    def encode_question(self, question: str) -> Vectors:
        ids = self.tokenize(self.question_prompt + question).ids
        vector: Vectors = normalised(self.token_vectors[ids].sum(axis=0, keepdims=True))[0]
        return vector

    def _sums(self, ids: NDArray[np.int32], borders: NDArray[np.int64]) -> Vectors:
        """The sum of the vectors of the tokens between two borders each, f32 (n, d)."""
        shape = len(borders) - 1, len(self.token_vectors)
        sums: Vectors = csr_array((np.ones(len(ids), np.float32), ids, borders), shape=shape) @ self.token_vectors
        return sums


class EncoderEmbedder(Embedder):
    """The encoder of the package. Its tokens are those of the static model, by which chunks are cut and late interaction is scored."""

    def __init__(self, model: encoder.Encoder, name: str, static: StaticEmbedder) -> None:
        super().__init__(name, model.dimension, model.prompts, static.tokenizer)
        self.model = model
        self.token_vectors, self.maxsim = static.token_vectors, static.maxsim

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self.passage_prompt, texts)

    def encode_question(self, question: str) -> Vectors:
        vector: Vectors = self._encode(self.question_prompt, [question])[0]
        return vector

    def _encode(self, prompt: str, texts: Sequence[str]) -> Vectors:
        vectors = self.model.encode([prompt + text for text in texts])
        vectors[[not text.strip() for text in texts]] = 0  # else it would be the prompt's
        return vectors


def normalised(vectors: NDArray[np.floating]) -> Vectors:
    """Rows of length one; zeros stay."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), TINY), np.float32)


def _prompts(configured: Mapping[str, str | None], name: str) -> tuple[str, str]:
    """What goes before a question and before a passage: as the model's configuration says, else as is known of its name, else nothing."""
    question, passage = (
        next((prompt for role in roles if (prompt := configured.get(role))), "") for roles in (QUESTION_PROMPTS, PASSAGE_PROMPTS)
    )
    if question or passage:
        return question, passage
    base = name.rpartition("/")[2].lower()
    return next((prompts for begin, prompts in KNOWN_PROMPTS.items() if base.startswith(begin)), ("", ""))
