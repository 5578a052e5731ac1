"""Batches of pairs that belong together: two languages of a group of translations, or a question and its passage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from tools.train_embedder.corpus import LANGUAGES, Answered, Text

# How often a group with the language is drawn, and (its square root) how often the language is one of the two taken from the group.
TIMES = {"hi": 5.0, "th": 6.0}
SOURCE_TIMES = {"omw-wordnet_lemmas": 0.3, "tatoeba_anki-fr-en": 0.3, "python-docs": 0.7}  # noisy single words; one pair; one subject
ANSWERED_TIMES = {"iapp-wiki-qa_train": 3.0, "squad-pt_sample": 3.0, "thaigov-v2_title": 0.5, "python-docs_heading": 0.5}
HINDI_ANSWERED_TIMES = 3.0
LONGEST, LONGEST_PASSAGE = 64, 160  # tokens; a passage is cut at a random place in half of the cases, else at its end
DROPPED = 0.1  # share of tokens left out at random, so that each word learns to stand for itself
SPECIAL_IDS = 2
ENCODED_AT_ONCE = 20_000

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Texts as tokens: text i is tokens[offsets[i]:offsets[i + 1]]."""

    tokens: NDArray[np.int32]
    offsets: Ints


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a batch: token ids (t,) and the row (text) of each, in order."""

    tokens: NDArray[np.int32]
    rows: Ints


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> Encoded:
    """Tokenize once; special and unknown tokens are left out."""
    rows: list[NDArray[np.int32]] = []
    for start in range(0, len(texts), ENCODED_AT_ONCE):
        encodings = tokenizer.encode_batch(list(texts[start : start + ENCODED_AT_ONCE]), add_special_tokens=False)
        rows += [ids[ids >= SPECIAL_IDS] for ids in (np.array(encoding.ids, np.int32) for encoding in encodings)]
    return Encoded(np.concatenate(rows), np.cumsum([0, *map(len, rows)]))


class Batches:
    """Draws batches; the same seed draws the same ones."""

    def __init__(self, tokenizer: Tokenizer, parallel: Sequence[Text], answered: Sequence[Answered], seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.texts = encode(tokenizer, [text.text for text in parallel])
        self.questions = encode(tokenizer, [row.question for row in answered])
        self.passages = encode(tokenizer, [row.passage for row in answered])
        groups = np.array([text.group for text in parallel])
        self.starts = np.flatnonzero(np.diff(groups, prepend=-1))
        self.ends = np.append(self.starts[1:], len(groups))
        languages = [text.language for text in parallel]
        self.language_odds = np.log([TIMES.get(language, 1.0) ** 0.5 for language in languages])
        self.group_odds = np.cumsum(self._group_weights(parallel))
        self.question_odds = np.cumsum(self._question_weights(answered))
        self.question_groups = np.array([row.group for row in answered])
        self.by_group = np.argsort(self.question_groups, kind="stable")
        self.group_first = np.searchsorted(self.question_groups[self.by_group], np.arange(self.question_groups.max() + 2))

    def counts(self, vocabulary: int) -> Ints:
        """How often each piece occurs."""
        return np.asarray(sum(np.bincount(texts.tokens, minlength=vocabulary) for texts in (self.texts, self.passages)), np.int64)

    def translations(self, size: int) -> tuple[Side, Side]:
        """Two texts of `size` groups each, in two languages."""
        groups = self._draw(self.group_odds, size)
        starts, counts = self.starts[groups], self.ends[groups] - self.starts[groups]
        columns = np.arange(len(LANGUAGES))[None]
        there = columns < counts[:, None]
        texts = np.where(there, starts[:, None] + columns, 0)
        # The two largest of odds plus Gumbel noise are a weighted draw without replacement.
        keys = np.where(there, self.language_odds[texts] - np.log(-np.log(self.rng.random(texts.shape))), -np.inf)
        chosen = np.take_along_axis(texts, np.argsort(-keys, axis=1)[:, :2], axis=1)
        return self._side(self.texts, chosen[:, 0], LONGEST), self._side(self.texts, chosen[:, 1], LONGEST)

    def answers(self, size: int) -> tuple[Side, Side]:
        """`size` questions, and for each a passage that answers it, in the same language or in another."""
        asked = self._draw(self.question_odds, size)
        first, after = self.group_first[self.question_groups[asked]], self.group_first[self.question_groups[asked] + 1]
        found = self.by_group[first + (self.rng.random(size) * (after - first)).astype(np.int64)]
        return self._side(self.questions, asked, LONGEST), self._side(self.passages, found, LONGEST_PASSAGE, anywhere=True)

    def _group_weights(self, parallel: Sequence[Text]) -> NDArray[np.float64]:
        weights = np.array([SOURCE_TIMES.get(parallel[start].source, 1.0) for start in self.starts.tolist()])
        for language, times in TIMES.items():
            has = np.logical_or.reduceat(np.array([text.language == language for text in parallel]), self.starts)
            weights[has] *= times
        return weights

    def _question_weights(self, answered: Sequence[Answered]) -> NDArray[np.float64]:
        filled = (np.diff(self.questions.offsets) > 0) & (np.diff(self.passages.offsets) > 0)
        times = [ANSWERED_TIMES.get(row.source, 1.0) * (HINDI_ANSWERED_TIMES if row.language == "hi" else 1.0) for row in answered]
        return np.array(times) * filled

    def _draw(self, cumulative: NDArray[np.float64], size: int) -> Ints:
        return np.asarray(np.searchsorted(cumulative, self.rng.random(size) * cumulative[-1], side="right"), np.int64)

    def _side(self, texts: Encoded, chosen: Ints, longest: int, *, anywhere: bool = False) -> Side:
        starts = texts.offsets[chosen]
        lengths = texts.offsets[chosen + 1] - starts
        if anywhere:
            spare = np.maximum(lengths - longest, 0)
            starts = starts + (self.rng.random(len(chosen)) * (spare + 1)).astype(np.int64) * (self.rng.random(len(chosen)) < 0.5)
        lengths = np.minimum(lengths, longest)
        firsts = np.cumsum(lengths) - lengths
        rows = np.repeat(np.arange(len(chosen)), lengths)
        at = np.arange(lengths.sum()) - np.repeat(firsts - starts, lengths)
        kept = self.rng.random(len(at)) >= DROPPED
        kept[firsts[lengths > 0]] = True  # no text is left without a token
        return Side(texts.tokens[at[kept]], rows[kept])
