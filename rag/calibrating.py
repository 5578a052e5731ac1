"""Calibrates an embedder for collections of several languages: fits the projection that removes the language of a text from its vector, and
measures the gain on other sentences.

Without it a question finds the passages of its own language first, whatever they are about, and those of other languages after them.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.embedder import Embedder, StaticEmbedder, Vectors, normalised
from rag.errors import InvalidInput
from rag.language_directions import without_languages
from rag.languages import LANGUAGES

SAMPLE = Path(__file__).parent / "parallel_sentences" / "sentences.jsonl"
HELD_BACK = 32  # sentences at the end of the sample, which are measured on and not fitted to
STEPS = 2 * len(LANGUAGES)
LEAST_GAIN = 0.01  # less is within the noise of 32 sentences, and not worth embedding a collection again


@dataclass(frozen=True, slots=True)
class Calibration:
    """The projection f32 (d, d), and how often a translation is found first (0 to 1), before and after the projection."""

    projection: Vectors
    before: float
    after: float

    @property
    def helps(self) -> bool:
        """Whether the gain is large enough."""
        return self.after - self.before >= LEAST_GAIN


def parallel_sentences() -> list[dict[str, str]]:
    """The bundled sample: each sentence by language."""
    return [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]


def calibrate(embedder: Embedder, tick: Callable[[], None]) -> Calibration:
    """Fit and measure; `tick` is called STEPS times. Raises InvalidInput for a static model, which has no room for a projection."""
    if isinstance(embedder, StaticEmbedder):
        raise InvalidInput(f"{embedder.stamp.model} is a static model, which has no layers besides its token vectors; give a transformer.")
    sentences = parallel_sentences()

    def encoded(encode: Callable[[list[str]], Vectors], rows: Sequence[dict[str, str]]) -> Vectors:
        """Vectors f32 (rows, languages, d)."""
        columns = []
        for language in LANGUAGES:
            columns.append(encode([row[language] for row in rows]))
            tick()
        return np.stack(columns, axis=1)

    passages = encoded(embedder.encode_passages, sentences)
    questions = encoded(lambda texts: np.stack([embedder.encode_question(text) for text in texts]), sentences[-HELD_BACK:])
    projection = _fitted(passages[:-HELD_BACK])
    held_back = passages[-HELD_BACK:]
    after = found_first(_projected(questions, projection), _projected(held_back, projection))
    return Calibration(projection, found_first(questions, held_back), after)


def found_first(questions: Vectors, passages: Vectors) -> float:
    """How often (0 to 1) a sentence, asked in one language, finds its translation into another before any other sentence in any language.

    Both are f32 (sentences, languages, d) of unit length; all (sentence, language asked, other language) count the same.
    """
    count, languages, _ = passages.shape
    cosines = np.einsum("iad,jbd->iajb", questions, passages)
    own = np.arange(count)
    right = cosines[own, :, own, :]
    cosines[own, :, own, :] = -np.inf
    wrong = cosines.max(axis=(2, 3))
    across = ~np.eye(languages, dtype=bool)
    return float((right > wrong[:, :, None])[:, across].mean())


def _fitted(vectors: Vectors) -> Vectors:
    """The projection for vectors f32 (sentences, languages, d)."""
    count, languages, dimension = vectors.shape
    groups = [number for number in range(count) for _ in range(languages)]
    return without_languages(vectors.reshape(-1, dimension), groups, list(LANGUAGES) * count)


def _projected(vectors: Vectors, projection: Vectors) -> Vectors:
    return normalised((vectors @ projection).reshape(-1, len(projection))).reshape(vectors.shape)
