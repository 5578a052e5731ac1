"""Which language a text is in: by script first, then by a detector that chooses among the eight only; 'und' when unsure."""

import re
import threading
from functools import cache
from pathlib import Path

import langdetect
import regex
from langdetect.detector_factory import DetectorFactory
from langdetect.lang_detect_exception import LangDetectException
from lingua import IsoCode639_1, LanguageDetector, LanguageDetectorBuilder

LANGUAGES: dict[str, str] = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "it": "Italian",
    "pt": "Portuguese",
    "hi": "Hindi",
    "es": "Spanish",
    "th": "Thai",
}
UNKNOWN = "und"

SAMPLE_CHARACTERS = 800  # a detector is as sure of 800 characters as of a page, and costs 0.3 ms for them
PAGE_SLICES, PAGE_CHARACTERS = 3, 80  # enough to choose the rules for its sentences by
DOCUMENT_SLICES = 5  # a document is read at five even places, so that an English cover page does not decide alone
DOCUMENT_CHARACTERS = 300  # of each place langdetect is given so many: its time grows with them, its verdict over 419 files stays
MIN_LETTERS = 3  # two letters ("ok", "no", "is") are words of several of the eight
MIN_CONFIDENCE = 0.3  # with the ratio below: 98% of 750 dev questions decided, 99% of those rightly;
MIN_RATIO = 1.5  # of running-text fragments of 1 to 3 words 68% decided, 94% of those rightly (83% with no rule)
MIN_SCRIPT_SHARE = 0.4  # less than half: English names and code are common inside Hindi and Thai, the reverse is rare
MIN_DOCUMENT_LETTERS = 60  # below a full sentence the 55-language detector is right in two of three cases only
MIN_DOCUMENT_PROBABILITY = 0.9  # it returns nearly 1 when it knows; less is a mixture or a list

_SCRIPT_LANGUAGE = {"Devanagari": "hi", "Thai": "th"}
# Vowel signs are counted with the letters: a Devanagari or Thai text has about as many characters as its translation.
_LETTERS = regex.compile(r"[\p{L}\p{M}]")
_OWN_LETTERS = {script: regex.compile(rf"[\p{{{script}}}&&[\p{{L}}\p{{M}}]]", regex.V1) for script in ("Latin", *_SCRIPT_LANGUAGE)}
_OTHER_SCRIPT = re.compile("[^\u0000-\u024f\u2000-\u2bff]")  # without such a character all letters are Latin, as in most texts
# Addresses, product codes and versions are in no language. ASCII only, so that a number inside unspaced Thai removes no Thai.
NO_LANGUAGE = re.compile(r"https?://\S+|www\.\S+|(?<![\w.+-])[\w.+-]++@\S+|(?<![A-Za-z-])[A-Za-z-]*+\d[A-Za-z\d-]*")

_loading = threading.Lock()


def detect_language(text: str) -> str:
    """Return the code of the one of the eight that `text` (a chunk or a question) is in, or 'und'.

    Script first: enough Devanagari is 'hi', enough Thai is 'th'. A text mostly in Latin letters goes to lingua, limited to the six
    languages written in them; where lingua is unsure (names, codes), the few Devanagari or Thai words decide. Other scripts, text without
    words and close calls are 'und'. A Latin text outside the eight is not noticed here: see `detect_document_language`.
    Thread safe and deterministic.
    """
    return _language(_words(_sample(text, 1)))


def detect_page_language(text: str) -> str:
    """Return what `detect_language` does, from three short pieces of a page: in a third of the time, and wrong where a page is mixed."""
    return _language(_words(_sample(text, PAGE_SLICES, PAGE_CHARACTERS)))


def detect_document_language(text: str) -> str:
    """Return the ISO 639-1 code of a whole document, of the eight or of the 55 that langdetect knows ('pl', 'ja', ...), or 'und'.

    langdetect is asked only whether the language lies outside the eight, on enough text and when sure; among the eight lingua is better
    (100% against 98.8% of sentences). Thread safe and deterministic.
    """
    lines = dict.fromkeys(text.splitlines())  # what comes again (page headers, table cells) says nothing new and misleads
    told = "\n".join(lines)
    sample = _words(_sample(told, DOCUMENT_SLICES))
    if len(_LETTERS.findall(sample)) < MIN_DOCUMENT_LETTERS:
        return _language(sample)
    detector = _profiles().create()
    detector.append(_words(_sample(told, DOCUMENT_SLICES, DOCUMENT_CHARACTERS)))
    try:
        best = detector.get_probabilities()[:1]
    except LangDetectException:  # no features it knows: symbols, or a script without a profile
        return _language(sample)
    if best and best[0].lang not in LANGUAGES and best[0].prob >= MIN_DOCUMENT_PROBABILITY:
        return str(best[0].lang).partition("-")[0]  # zh-cn, zh-tw
    return _language(sample)


def _words(text: str) -> str:
    return str(NO_LANGUAGE.sub(" ", text))


def _sample(text: str, slices: int, characters: int = SAMPLE_CHARACTERS) -> str:
    """Return at most so many characters from each of `slices` even places of `text`."""
    if len(text) <= characters * slices:
        return text
    step = len(text) // slices
    return "\n".join(text[at * step : at * step + characters] for at in range(slices))


def _language(words: str) -> str:
    if not _OTHER_SCRIPT.search(words):
        return _latin_language(words) if sum(map(str.isalpha, words)) >= MIN_LETTERS else UNKNOWN
    total = len(_LETTERS.findall(words))
    letters = {script: len(pattern.findall(words)) for script, pattern in _OWN_LETTERS.items()}
    rarer_scripts = [script for script in _SCRIPT_LANGUAGE if letters[script]]
    script = max(rarer_scripts, key=lambda name: letters[name], default=None)
    if script and letters[script] >= MIN_SCRIPT_SHARE * total:
        return _SCRIPT_LANGUAGE[script]
    latin = _latin_language(words) if letters["Latin"] >= max(MIN_LETTERS, total / 2) else UNKNOWN
    if latin == UNKNOWN and script and letters[script] >= MIN_LETTERS and letters[script] + letters["Latin"] == total:
        return _SCRIPT_LANGUAGE[script]
    return latin


def _latin_language(text: str) -> str:
    (best, first), (_, second) = latin_confidences(text)[:2]
    return best if first >= MIN_CONFIDENCE and first >= MIN_RATIO * second else UNKNOWN


def latin_confidences(text: str) -> list[tuple[str, float]]:
    """Return how sure lingua is of each of the six languages in Latin letters, from 0 to 1, the likeliest first."""
    values = _latin_detector().compute_language_confidence_values(text)
    return [(str(value.language.iso_code_639_1.name).lower(), value.value) for value in values]


def _latin_detector() -> LanguageDetector:
    with _loading:  # functools.cache alone would let several threads load at once
        return _load_latin_detector()


@cache
def _load_latin_detector() -> LanguageDetector:
    codes = [getattr(IsoCode639_1, code.upper()) for code in LANGUAGES if code not in _SCRIPT_LANGUAGE.values()]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_preloaded_language_models().build()


def _profiles() -> DetectorFactory:
    with _loading:
        return _load_profiles()


@cache
def _load_profiles() -> DetectorFactory:
    factory = DetectorFactory()  # our own: langdetect's global one is loaded lazily without a lock, and seeded by whoever comes first
    factory.load_profile(Path(langdetect.__file__).parent / "profiles")
    factory.set_seed(0)
    return factory
