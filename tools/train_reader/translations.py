"""A sentence in one language as the question, sentences in another as the passage: which of them says the same, if any does."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from tools.train_reader.examples import Example, Mark, places, rows, two_languages

SOURCES = {  # sentences taken of each
    "ms-for-beginners": 9_000,
    "ms-for-beginners_history": 4_000,
    "ms-security-101": 900,
    "tico19": 2_100,
    "tldr-pages": 3_000,
    "tatoeba_opus-testsets": 9_000,
    "python-docs": 4_000,
    "mozilla-www-l10n": 1_500,
}
PASSAGES = 12_000
SHORTEST, LONGEST = 25, 300  # characters of a sentence
OTHERS = (2, 5)  # sentences beside the right one
THIN = 0.5  # of the sentences are sought among those that exist in Hindi or Thai
ANSWERED = 0.75
KEPT = 0.5  # at least so many words of a sentence stay in the question: people ask with few words
FEWEST_WORDS = 3

Group = dict[str, str]  # language -> sentence


def translations(folder: Path, rng: Random) -> Iterator[Example]:
    """Passages of sentences of one source; Thai questions keep all their words."""
    sources = [_sentences(folder / f"{name}.jsonl.gz", count, rng) for name, count in SOURCES.items()]
    for _ in range(PASSAGES):
        source = rng.choice(sources)
        right = rng.choice(source)
        if rng.random() < THIN:
            right = next((group for group in rng.sample(source, min(30, len(source))) if "th" in group or "hi" in group), right)
        asked_in, written_in = two_languages(sorted(right), rng, alike=0)
        others = [group[written_in] for group in rng.sample(source, 20) if written_in in group and group is not right][
            : rng.randint(*OTHERS)
        ]
        is_there = rng.random() < ANSWERED
        sentences = [*others, right[written_in]] if is_there else others
        rng.shuffle(sentences)
        passage, question = " ".join(sentences), _shortened(right[asked_in], asked_in, rng)
        if is_there:
            yield Example(question, passage, Mark.SENTENCE, places(passage, right[written_in])[:1])
        elif sentences:
            yield Example(question, passage, Mark.NOTHING)


def _sentences(path: Path, count: int, rng: Random) -> list[Group]:
    groups = [group for group in rows(path) if all(SHORTEST <= len(text) < LONGEST for text in group.values())]
    rng.shuffle(groups)
    return groups[:count]


def _shortened(sentence: str, language: str, rng: Random) -> str:
    if language == "th":
        return sentence
    share = rng.uniform(KEPT, 1)
    kept = [word for word in sentence.split() if rng.random() < share]
    return " ".join(kept) if len(kept) >= FEWEST_WORDS else sentence
