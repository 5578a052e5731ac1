"""Finds the encoding of text files from their bytes: byte order mark, UTF-8, UTF-16 without a mark, Thai cp874, then charset-normalizer."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

BLOCK = 1 << 20
SAMPLE = 1 << 16  # bytes shown to charset-normalizer: more costs seconds and no longer changes its answer
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEGACY = ["cp1252", "iso8859_15", "iso8859_2", "cp1250", "cp1251", "iso8859_5", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp437",
           "cp850", "mac_roman", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"]  # fmt: skip
_WESTERN = set("äöüßÄÖÜàâæçèéêëîïôœùûÿÀÂÆÇÈÉÊËÎÏÔŒÙÛŸáíñóúÁÍÑÓÚìòÌÒãõÃÕåøÅØ¿¡ªº€£„“”‚‘’–—…«»‹›•·°§©®™\xa0\xad")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_THAI_MARK = re.compile("[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")
_THAI_MARK_IN_PLACE = re.compile("(?<=[\u0e01-\u0e2e\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")


def detect_encoding(path: Path) -> str | None:
    """Return the Python codec that decodes the whole file, or None when the bytes are no text. Reads in blocks of 1 MiB."""
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding if _decodes(path, encoding) else None
    if wide := _wide(head):
        return wide if _decodes(path, wide) else None
    if b"\0" in head:
        return None
    if _decodes(path, "utf-8"):
        return "utf-8"
    return _legacy_encoding(_sample_beyond_ascii(path))


def read_blocks(path: Path, encoding: str) -> Iterator[str]:
    """Yield the decoded text in blocks; the few bytes that a legacy code page leaves undefined become U+FFFD."""
    with path.open(encoding=encoding, errors="replace", newline=None) as file:
        while block := file.read(BLOCK):
            yield block


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    controls = total = 0
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK):
                text = decoder.decode(block)
                total += len(text)
                controls += len(_CONTROLS.findall(text))
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return _few(controls, total)


def _few(controls: int, total: int) -> bool:
    """Say whether so few control characters are text: terminal logs have some (form feeds, bells), random bytes more than one in ten."""
    return controls * 100 <= total


def _wide(head: bytes) -> str | None:
    """Return the UTF-16 without a byte order mark that `head` is in: Latin, Devanagari and Thai have their high bytes on one side."""
    even, odd = (sum(half.count(high) for high in (0x00, 0x09, 0x0E)) / max(len(half), 1) for half in (head[0::2], head[1::2]))
    if max(even, odd) < 0.9 or min(even, odd) > 0.2:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _sample_beyond_ascii(path: Path) -> bytes:
    """Return up to SAMPLE bytes from where the file stops being ASCII, starting at a line."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if not block.isascii():
                first = _BEYOND_ASCII.search(block)
                start = max(0, block.rfind(b"\n", 0, first.start()) + 1, first.start() - SAMPLE // 2) if first else 0
                return block[start : start + SAMPLE]
    return b""


def _legacy_encoding(sample: bytes) -> str | None:
    if not sample:  # ASCII that is no text: too many control characters
        return None
    thai = sample.decode("cp874", errors="replace")
    if _is_thai(thai):
        return "cp874"
    if not _few(len(_CONTROLS.findall(sample.decode("latin-1"))), len(sample)):
        return None
    if _is_western(sample.decode("cp1252", errors="replace")):
        return "cp1252"
    best = from_bytes(sample, cp_isolation=_LEGACY).best()
    return best.encoding if best else None


def _is_western(text: str) -> bool:
    """Say whether text read as cp1252 has the letters and marks of Western Europe; charset-normalizer takes short French for Czech."""
    beyond = [character for character in text if character > "\x7f"]
    letters = sum(character.isalpha() for character in text)
    return len(beyond) * 3 <= letters and sum(character in _WESTERN for character in beyond) >= 0.95 * len(beyond)


def _is_thai(text: str) -> bool:
    """Say whether the Thai vowel and tone marks sit on Thai consonants, which text of another script read as Thai does not do."""
    marks = len(_THAI_MARK.findall(text))
    letters = sum("\u0e01" <= character <= "\u0e5b" for character in text)
    return marks >= 2 and marks * 20 >= letters and len(_THAI_MARK_IN_PLACE.findall(text)) >= 0.95 * marks and "\ufffd" not in text
