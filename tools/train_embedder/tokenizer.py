"""A Unigram tokenizer for the eight languages (Kudo 2018, https://arxiv.org/abs/1804.10959)."""

import random
from collections.abc import Iterator, Sequence

import regex
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from rag.thai import thai_words
from tools.train_embedder.corpus import Answered, Text

VOCABULARY = 64_000  # pieces: 33 MB of fp16 vectors, 4.5 MB of tokenizer, and ids that fit in two bytes
LONGEST_PIECE = 20
SPECIAL = ["<pad>", "<unk>"]
BETWEEN_WORDS = "\u2063"  # in the training text only: no Thai piece reaches over the border of two words
PASSAGE_CHARACTERS = 1500
# Little text exists in Hindi and Thai: it is read N times, else their pieces would be single letters.
TIMES = {"hi": 4, "th": 5}
ANSWERED_TIMES = {"iapp-wiki-qa_train": 2, "squad-pt_sample": 2, "thaigov-v2_title": 1}
PYTHON_DOCS_SHARE = 0.5  # a third of all text, on one subject

THAI = regex.compile(r"\p{Thai}+")


def train_tokenizer(parallel: Sequence[Text], answered: Sequence[Answered], seed: int) -> Tokenizer:
    """Train on all texts. Accents, nukta and the choice between candrabindu and anusvara are folded: people type without them."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.NFD(),
            normalizers.Replace(Regex(r"[\u0300-\u036f]"), ""),
            normalizers.NFC(),
            normalizers.Replace("\u093c", ""),
            normalizers.Replace("\u0901", "\u0902"),
            normalizers.Replace(Regex(r"[\u00ad\u200b-\u200f\u2060\ufeff]"), ""),
            normalizers.Replace(Regex(r"\s+"), " "),
        ]
    )
    splits = [
        pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True),
        pre_tokenizers.Punctuation("isolated"),
        pre_tokenizers.Digits(individual_digits=False),
        pre_tokenizers.Split(Regex(r"\p{Thai}+"), "isolated"),
    ]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*splits, pre_tokenizers.Split(BETWEEN_WORDS, "removed")])
    trainer = trainers.UnigramTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL, unk_token=SPECIAL[1], max_piece_length=LONGEST_PIECE, show_progress=False
    )
    tokenizer.train_from_iterator(_texts(parallel, answered, random.Random(seed)), trainer)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splits)
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def _texts(parallel: Sequence[Text], answered: Sequence[Answered], rng: random.Random) -> Iterator[str]:
    for text in parallel:
        if text.source == "omw-wordnet_lemmas":
            times = 1
        elif text.source == "python-docs":
            times = int(rng.random() < PYTHON_DOCS_SHARE)
        else:
            times = TIMES.get(text.language, 1)
        yield from [_with_borders(text.text)] * times
    for row in answered:
        times = ANSWERED_TIMES.get(row.source, 2 if row.language == "hi" else 0)
        yield from [_with_borders(f"{row.question} {row.passage[:PASSAGE_CHARACTERS]}")] * times


def _with_borders(text: str) -> str:
    return str(THAI.sub(lambda match: BETWEEN_WORDS.join(thai_words(match[0])), text))
