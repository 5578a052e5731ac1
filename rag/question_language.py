"""Which language a question is in: by its function words and its letters first, by a detector last; what a client says decides ties.

Questions are short and full of foreign names, on which a detector of letter sequences errs: "Where is Rio de Janeiro?" looks Portuguese.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from unicodedata import normalize

import regex

from rag.function_words import FUNCTION_WORDS, LETTERS, QUESTION_WORDS
from rag.languages import LANGUAGES, MIN_LETTERS, MIN_SCRIPT_SHARE, NO_LANGUAGE, SAMPLE_CHARACTERS, UNKNOWN, latin_confidences

QUESTION_WORD = 2.0  # times a function word: it is the question's own, hardly ever part of a name
MENTIONED = 0.2  # times a word in a name or in quotes: "de" in "Rio de Janeiro"
UNACCENTED = 0.7  # times a word whose accent was not typed: "cuantos"
LETTER = 0.7  # times a function word, for each word with a letter that few languages have
DETECTOR = 2.0  # added for a language that the detector is certain of
DETECTOR_OF_NAMES = 0.8  # the same where there are only names, or German nouns: "Angela Merkel", "Betriebsrat Urlaub"
SCRIPT = 2.0  # shared between two scripts by their letters, where both have function words
CLEAR = 2.0  # a lead after which the detector is not asked: it could not change the result
TIE = 0.4  # a lead below which the client's language decides, if it is among the first
TIE_WITHOUT_WORDS = 0.8  # the same where only the detector tells: it is often sure of a word that two languages have ("pagamento")
KNOWN = 0.5  # below which nothing tells
JOINING = 2  # words in small letters that may join two parts of a name: "Torre de la Reina"

_RARE_SCRIPTS = {"hi": "Devanagari", "th": "Thai"}
_OWN_LETTERS = {language: regex.compile(rf"[\p{{{name}}}&&[\p{{L}}\p{{M}}]]", regex.V1) for language, name in _RARE_SCRIPTS.items()}
_LETTER = regex.compile(r"[\p{L}\p{M}]")
_LATIN = regex.compile(r"[\p{Latin}&&\p{L}]", regex.V1)
_WORD = regex.compile(r"[\p{L}\p{M}]++['’]?")
_QUOTED = regex.compile(r'"[^"]*"|«[^«»]*»|“[^“”]*”|„[^„“”]*[“”]')
_SENTENCE_END = regex.compile(r"[.!?:;¿¡।]")
_INNER_CAPITAL = regex.compile(r"\p{Ll}\p{Lu}")  # "iPhone"
_THAI_QUESTION_WORDS = frozenset(QUESTION_WORDS["th"].split())
# Thai has no spaces between words: the longest are looked for first.
_THAI_WORDS = regex.compile("|".join(sorted(_THAI_QUESTION_WORDS | set(FUNCTION_WORDS["th"].split()), key=lambda word: (-len(word), word))))


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a question in small letters; `mentioned` is set within a name or quotes."""

    text: str
    mentioned: bool


def detect_question_language(question: str, hint: str | None = None) -> str:
    """Return which of the eight languages `question` is in, or 'und' if nothing decides and there is no hint.

    Function words, question words and letters that few languages have come first, then the detector, without names. `hint` is what the
    client says, ignored unless one of the eight: it decides between languages that are about equally likely, and where nothing tells.
    Hindi in Latin letters is 'hi'. Thread safe and deterministic.
    """
    text = str(NO_LANGUAGE.sub(" ", normalize("NFC", question[:SAMPLE_CHARACTERS])))
    known = hint if hint in LANGUAGES else UNKNOWN
    words = _words(text)
    scores = _scores(text, words)
    script = _script(text, words, scores)
    if script in _RARE_SCRIPTS:
        return script
    return _latin_language(words, scores, known) if script == "Latin" else known


def _words(text: str) -> list[_Word]:
    found = list(_WORD.finditer(text))
    quotes = [match.span() for match in _QUOTED.finditer(text)]
    quoted = [any(start <= match.start() < end for start, end in quotes) for match in found]
    if all(quoted):  # the question itself stands in quotes
        quoted = [False] * len(found)
    return [_Word(_form(match[0]), name or quote) for match, name, quote in zip(found, _names(text, found), quoted, strict=True)]


def _names(text: str, found: Sequence["regex.Match[str]"]) -> list[bool]:
    """Which words are of names: those with a capital letter within a sentence, and the few in small letters between two such.

    A capital at a sentence's start is a name's only if another name follows and it is no function word. German nouns count as names.
    """
    starts = [at == 0 or bool(_SENTENCE_END.search(text, found[at - 1].end(), match.start())) for at, match in enumerate(found)]
    told = not text.isupper()  # in a text in capitals they mean nothing
    capital = [told and match[0][0].isupper() for match in found]
    named = [big and not start for big, start in zip(capital, starts, strict=True)]
    for at, match in enumerate(found):
        opens = capital[at] and at + 1 < len(found) and named[at + 1] and _form(match[0]) not in _weights()
        named[at] = bool(named[at] or opens or _INNER_CAPITAL.search(match[0]))
    for left, right in pairwise([at for at, name in enumerate(named) if name]):
        if right - left <= JOINING + 1 and not any(starts[left + 1 : right + 1]):
            named[left:right] = [True] * (right - left)
    return named


def _form(word: str) -> str:
    """The form of a word in the tables: with an apostrophe only where they have one ("qu'")."""
    word = word.lower().replace("’", "'")
    return word if word in _weights() else word.rstrip("'")


def _scores(text: str, words: Sequence[_Word]) -> dict[str, float]:
    """The scores of function words and letters, by language."""
    scores: dict[str, float] = defaultdict(float)
    for word in words:
        share = MENTIONED if word.mentioned else 1.0
        for language, weight in _weights().get(word.text, {}).items():
            scores[language] += share * weight
        if not word.mentioned:
            for languages in {_letters()[letter] for letter in word.text if letter in _letters()}:
                for language in languages:
                    scores[language] += LETTER / len(languages)
    if "¿" in text:
        scores["es"] += QUESTION_WORD
    for word in _THAI_WORDS.findall(text):
        scores["th"] += QUESTION_WORD if word in _THAI_QUESTION_WORDS else 1.0
    return scores


def _script(text: str, words: Sequence[_Word], scores: Mapping[str, float]) -> str:
    """'hi' or 'th' when the question is in that script, 'Latin', or 'und' for any other."""
    letters = {language: len(pattern.findall(text)) for language, pattern in _OWN_LETTERS.items()}
    total, latin = len(_LETTER.findall(text)), len(_LATIN.findall(text))
    rarer = max(letters, key=lambda language: letters[language])
    if not letters[rarer]:
        return "Latin" if latin >= total / 2 and (scores or latin >= MIN_LETTERS) else UNKNOWN
    ordinary = sum(len(_LATIN.findall(word.text)) for word in words if not word.mentioned)
    share = letters[rarer] / (letters[rarer] + ordinary)
    spoken = max((score for language, score in scores.items() if language not in _RARE_SCRIPTS), default=0.0)
    if spoken < 1:
        return rarer if scores.get(rarer) or share >= MIN_SCRIPT_SHARE else "Latin"
    return rarer if scores.get(rarer, 0.0) + SCRIPT * share >= spoken + SCRIPT * (1 - share) else "Latin"


def _latin_language(words: Sequence[_Word], scores: Mapping[str, float], known: str) -> str:
    """The language with the highest score, after the detector where that is unsure; `known`, the client's, in a tie or without evidence."""
    ordinary = " ".join(word.text for word in words if not word.mentioned)
    total, detector = dict(scores), DETECTOR
    if len(ordinary) < MIN_LETTERS:
        ordinary, detector = " ".join(word.text for word in words), DETECTOR_OF_NAMES
    if _lead(total) < CLEAR:
        for language, confidence in latin_confidences(ordinary):
            total[language] = total.get(language, 0.0) + detector * confidence
    best = max(total, key=lambda language: total[language])
    margin = TIE if any(scores.values()) else TIE_WITHOUT_WORDS
    tie = known != UNKNOWN and total.get(known, 0.0) > total[best] - margin
    return known if tie or total[best] < KNOWN else best


def _lead(scores: Mapping[str, float]) -> float:
    """The difference of the highest score and the second."""
    best, second = sorted([*scores.values(), 0.0, 0.0], reverse=True)[:2]
    return best - second


@cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    """The weight of each word by language: divided by the languages that have it, with and without its accents."""
    weights: dict[str, dict[str, float]] = defaultdict(dict)
    for words_by_language, weight in ((FUNCTION_WORDS, 1.0), (QUESTION_WORDS, QUESTION_WORD)):
        for language, words in words_by_language.items():
            shares = {**{_unaccented(word): UNACCENTED for word in words.split()}, **dict.fromkeys(words.split(), 1.0)}
            for form, share in shares.items():
                weights[form][language] = max(weights[form].get(language, 0.0), share * weight)
    return {word: {language: weight / len(found) for language, weight in found.items()} for word, found in weights.items()}


@cache
def _letters() -> Mapping[str, tuple[str, ...]]:
    return {letter: tuple(lang for lang, own in LETTERS.items() if letter in own) for letter in "".join(LETTERS.values())}


def _unaccented(word: str) -> str:
    """A Latin word without accents; vowel signs of other scripts stay."""
    return "".join(normalize("NFD", letter)[0] if letter < "\u0250" else letter for letter in word)
