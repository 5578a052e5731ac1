"""Lexical terms of a text in its own language: the terms that BM25 indexes and searches. The same text gives the same terms everywhere."""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

import regex
import Stemmer

from rag.quantities import Quantity, quantities
from rag.thai import thai_words

_STEMMER_NAMES = {"de": "german", "en": "english", "es": "spanish", "fr": "french", "hi": "hindi", "it": "italian", "pt": "portuguese"}
_thread = threading.local()  # a Stemmer object is not thread safe

# Words that lose their vowel before an apostrophe; what follows is the word that a reader looks for (l'azienda, d'accord, dell'anno).
_ELIDED = {
    "fr": regex.compile(r"[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|presqu|quelqu"),
    "it": regex.compile(r"[cdlmnstv]|un|all|dall|dell|nell|sull|coll|quell|quest|bell|sant|anch|com|dov"),
    "pt": regex.compile(r"d"),
}
# Typed without accents as often as with them. Folding comes before stemming, so that both spellings take the same way through the stemmer;
# German is left out because its stemmer reads ae, oe, ue as umlauts and folds them itself.
_FOLDED = frozenset(["en", "es", "fr", "it", "pt", "und"])

# Portuguese -ção and its plural -ções are one stem only with their accents: given back to those who type without.
_PORTUGUESE_ENDING = regex.compile(r"(?<=\w\w)(?:(cao)|(coes))$")

_DIGITS = regex.compile(r"\d+")
_INVISIBLE = regex.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
# A code point order that fonts and PDFs break: sara am apart (NFKC makes it so), with the tone mark on either side of its first half.
_SARA_AM = regex.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32|([\u0e48-\u0e4b])\u0e4d\u0e32")
# Hindi is written with and without nukta (फ़ोन, फोन), and with candrabindu or anusvara (पाँच, पांच).
_HINDI = str.maketrans("\u0901", "\u0902", "\u093c")
_VARIANTS = _HINDI | str.maketrans({"œ": "oe", "æ": "ae", "Œ": "oe", "Æ": "ae", "İ": "i\u0307"})  # İ alone grows in lower case
_ANY_VARIANT = re.compile(f"[{''.join(map(chr, _VARIANTS))}]")

_UNSPACED_SCRIPTS = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Lao}\p{Khmer}\p{Myanmar}"
_UNSPACED = regex.compile(f"[{_UNSPACED_SCRIPTS}]")
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}]--[\p{{Thai}}{_UNSPACED_SCRIPTS}]]"
_WORD = regex.compile(rf"\p{{Thai}}+|[{_UNSPACED_SCRIPTS}]+|{_LETTER}+(?:['’_‐-]{_LETTER}+)*", regex.V1)
_CODE_PART = regex.compile(r"\p{N}+|[^\p{N}_‐-]+")
_JOINER = regex.compile(r"[_‐-]")
_APOSTROPHE = regex.compile(r"['’]")
_ACCENT = regex.compile(r"(?<=[\p{Latin}\p{Greek}])\p{M}+")
_GRAPHEME = regex.compile(r"\X")


def analyze(text: str, language: str, *, written_in: str | None = None) -> list[str]:
    """Return the terms of `text` in order, with repetitions: normalised, stemmed words of `language`.

    `language` is one of the eight; any other code ('und') gets words without stemming. In all: NFKC, lower case, vowel signs kept, Thai cut
    into words, unspaced scripts (Han, Kana, Lao, Khmer, Burmese) into pairs of characters. Numbers, dates, measures and codes give their
    canonical terms (rag.quantities): '2025-03-12', '2025-03', '2025' for 12.03.2025; what is ambiguous in them is read by `written_in`,
    the language of a question that is looked up in another's index (None: `language`). A word with a hyphen or a digit gives its parts
    and itself without hyphens: 'GL-200' meets 'gl200', 'GL 200' and 'GL-200'. Stop words stay: dropping
    them changed MRR@10 by -0.012 to +0.005 on dev questions, BM25 weighs them down by itself. Thread safe.
    """
    text = _normalise(text)
    lower = text.lower()
    terms: list[str] = []
    at = 0
    for quantity in quantities(text, written_in or language):
        terms += _words(lower[at : quantity.start], language)
        terms += _of_quantity(quantity, lower[quantity.start : quantity.end], language)
        at = quantity.end
    return terms + _words(lower[at:], language)


def _of_quantity(quantity: Quantity, written: str, language: str) -> list[str]:
    """The words of a code and its joined form; for other quantities the canonical terms and the words in it, such as a month or unit."""
    kind = quantity.term[0]
    if kind == "c":
        terms = _words(written, language)
        exact = [term[2:] for term in (quantity.term, *quantity.also) if term[0] == "c"]
        return terms + [term for term in exact if term not in terms]
    terms = [term[2:] for term in (quantity.term, *quantity.also)]
    return terms if kind == "n" else terms + _words(_DIGITS.sub(" ", written), language)


def _words(text: str, language: str) -> list[str]:
    terms: list[str] = []
    for word in _WORD.findall(text):
        if word.isdecimal():  # there are too many to remember
            terms.append(word)
        elif word[0] < "\u0e00":  # before Thai and all scripts that are written without spaces
            terms += _terms(word, language)
        elif word[0] < "\u0e80":
            terms += (word for word in thai_words(word) if word not in "ๆฯ")
        elif _UNSPACED.match(word):
            terms += _pairs(word)
        else:
            terms += _terms(word, language)
    return terms


@lru_cache(maxsize=1 << 16)  # words come again and again
def _terms(word: str, language: str) -> tuple[str, ...]:
    return tuple(_stemmed(_spellings(word, language), language))


def _normalise(text: str) -> str:
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    if _ANY_VARIANT.search(text):  # looking takes a tenth of the time of translating
        text = text.translate(_VARIANTS)
    return str(_SARA_AM.sub("\\1\\2\u0e33", text))


def _spellings(word: str, language: str) -> Iterator[str]:
    """Yield the terms of `word`: the word itself, or the parts of a compound or a code, and the parts joined."""
    pieces = [word.replace("’", "'")] if language == "en" else _APOSTROPHE.split(word)
    if len(pieces) > 1 and language in _ELIDED and _ELIDED[language].fullmatch(pieces[0]):
        del pieces[0]
    for piece in pieces:
        parts = _CODE_PART.findall(piece)
        yield from parts
        if len(parts) > 1:
            yield _JOINER.sub("", piece)


def _stemmed(words: Iterable[str], language: str) -> list[str]:
    if language in _FOLDED or language not in _STEMMER_NAMES:
        words = map(_fold, words)
    if language == "pt":
        words = (_PORTUGUESE_ENDING.sub(lambda match: "ção" if match[1] else "ções", word) for word in words)
    name = _STEMMER_NAMES.get(language)
    return list(_stemmer(name).stemWords(list(words)) if name else words)


def _fold(word: str) -> str:
    return word if word.isascii() else unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", word)))


def _stemmer(name: str) -> Stemmer.Stemmer:
    stemmers: dict[str, Stemmer.Stemmer] = _thread.__dict__.setdefault("stemmers", {})
    if name not in stemmers:
        stemmers[name] = Stemmer.Stemmer(name)
    return stemmers[name]


def _pairs(run: str) -> list[str]:
    characters = _GRAPHEME.findall(run)
    return [first + second for first, second in pairwise(characters)] or characters
