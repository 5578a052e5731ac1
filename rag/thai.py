"""Thai words, found by dictionary: Thai has no spaces between words."""

import threading
from functools import cache
from importlib.metadata import distribution

import nlpo3

from rag.errors import RagError

# pythainlp is installed for this list alone (62,000 words, CC0); importing it would cost time and bring nothing more.
_WORD_LIST = "pythainlp/corpus/words_th.txt"
_DICTIONARY = "glossa-thai"
_loading = threading.Lock()


def thai_words(text: str) -> list[str]:
    """Return the words of `text` in order; joined they are `text` again (spaces and other scripts come as pieces of their own).

    Maximal matching over the dictionary, by nlpo3 (https://github.com/PyThaiNLP/nlpo3), never inside a character cluster. Thread safe.
    """
    with _loading:
        _load_dictionary()
    return nlpo3.segment(text, _DICTIONARY)


@cache
def _load_dictionary() -> None:
    message, loaded = nlpo3.load_dict(str(distribution("pythainlp").locate_file(_WORD_LIST)), _DICTIONARY)
    if not loaded:
        raise RagError(f"The Thai word list could not be loaded ({message}); reinstall the package pythainlp.")
