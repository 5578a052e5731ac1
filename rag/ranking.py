"""Candidates from every shard, scored exactly and fused into one order."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.fusion import Evidence, fuse
from rag.likeness import Likeness
from rag.maxsim import MaxSim, TokenIds
from rag.shard import Shard

FEWEST_PER_LANGUAGE = 16  # similarities differ between languages, so each language gets at least N candidates
WORDS_SHARE = 0.5  # of a language's dense candidates may be added because of their words,
SOUNDS_SHARE = 0.2  # and this share by their sounds: names and numbers find few chunks, or nothing

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Question:
    """A question in the forms that the indexes take: vector f32 (d,), token ids i32 (t,)."""

    text: str
    language: str
    vector: Floats
    tokens: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates, best first: ids i64 (n,), fused score f32 (n,) and what it was made of, by name, f32 (n,) each."""

    ids: Ids
    scores: Floats
    parts: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Chunks of one shard with their exact scores, (n,) each."""

    language: str
    ids: Ids
    passage: Floats
    lexical: Floats
    sounds: Floats
    same_language: NDArray[np.bool_]
    tokens: list[TokenIds]


def rank(
    question: Question, shards: Sequence[Shard], *, within: Ids | None, depth: int, maxsim: MaxSim | None, likeness: Likeness
) -> Ranked:
    """About `depth` candidates, best first; every language among the shards has an equal share, so that none hides another.

    `within` holds the chunk ids that may be found (None: all). `maxsim` is None when the embedder has no token vectors; `likeness` is the
    embedder's.
    """
    by_language: dict[str, list[Shard]] = defaultdict(list)
    for shard in shards:
        by_language[shard.language].append(shard)
    share = max(depth // max(len(by_language), 1), FEWEST_PER_LANGUAGE)
    found = [candidates for group in by_language.values() for candidates in _of_language(question, group, within, share)]
    return _fused(question, found, maxsim, likeness)


def _of_language(question: Question, shards: Sequence[Shard], within: Ids | None, share: int) -> list[_Candidates]:
    """The best `share` of a language by vector, over all its collections, and the best by words and by sounds."""
    hits = [shard.dense.search(question.vector, share, within) for shard in shards]
    allowed = None if within is None else within.tolist()
    words = [shard.lexical.search(question.text, share, allowed, written_in=question.language) for shard in shards]
    sounds = [shard.lexical.search_sounds(question.text, share, allowed, written_in=question.language) for shard in shards]
    dense_bar = _bar([score for _, scores in hits for score in scores.tolist()], share)
    words_bar = _bar([score for of_shard in words for score in of_shard.values()], int(share * WORDS_SHARE))
    sounds_bar = _bar([score for of_shard in sounds for score in of_shard.values()], int(share * SOUNDS_SHARE))
    found = []
    for shard, (ids, scores), lexical, heard in zip(shards, hits, words, sounds, strict=True):
        near = ids[scores >= dense_bar].tolist()
        chosen = shard.dense.held(sorted({*near, *_reaching(lexical, words_bar), *_reaching(heard, sounds_bar)}))
        found.append(
            _Candidates(
                language=shard.language,
                ids=chosen,
                passage=shard.dense.score(question.vector, chosen),
                lexical=_looked_up(lexical, chosen),
                sounds=_looked_up(heard, chosen),
                same_language=np.full(len(chosen), shard.language == question.language),
                tokens=[shard.tokens[chunk_id] for chunk_id in chosen.tolist()],
            )
        )
    return found


def _reaching(shares: dict[int, float], bar: float) -> list[int]:
    """The chunks that have at least that share."""
    return [chunk_id for chunk_id, score in shares.items() if score >= bar]


def _looked_up(shares: dict[int, float], chunk_ids: Ids) -> Floats:
    return np.array([shares.get(chunk_id, 0.0) for chunk_id in chunk_ids.tolist()], np.float32)


def _bar(scores: Sequence[float], count: int) -> float:
    """The score that at least `count` of `scores` reach."""
    return sorted(scores, reverse=True)[count - 1] if len(scores) > count else -np.inf


def _fused(question: Question, found: Sequence[_Candidates], maxsim: MaxSim | None, likeness: Likeness) -> Ranked:
    if not found:
        return Ranked(np.empty(0, np.int64), np.empty(0, np.float32), {})
    ids = np.concatenate([candidates.ids for candidates in found])
    tokens = None
    if maxsim:
        languages = [candidates.language for candidates in found for _ in candidates.tokens]
        tokens = maxsim.score(question.tokens, [tokens for candidates in found for tokens in candidates.tokens], languages)
    evidence = Evidence(
        passage=likeness(np.concatenate([candidates.passage for candidates in found])),
        tokens=tokens,
        lexical=np.concatenate([candidates.lexical for candidates in found]),
        sounds=np.concatenate([candidates.sounds for candidates in found]),
        same_language=np.concatenate([candidates.same_language for candidates in found]),
    )
    scores = fuse(evidence)
    order = np.lexsort((ids, -scores))  # equal scores by id, so that replicas agree
    parts = {name: getattr(evidence, name) for name in ("passage", "tokens", "lexical", "sounds")}
    return Ranked(ids[order], scores[order], {name: values[order] for name, values in parts.items() if values is not None})
