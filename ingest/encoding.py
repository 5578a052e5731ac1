"""Finds the encoding of text from its bytes: byte order mark, UTF-8 (with some faults), UTF-16 without a mark, Thai cp874, ISO 8859-15,
cp1252, then charset-normalizer.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

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
_WESTERN = set("äöüßÄÖÜàâæçèéêëîïôœùûÿÀÂÆÇÈÉÊËÎÏÔŒÙÛŸáíñóúÁÍÑÓÚìòÌÒãõÃÕåøÅØ¿¡ªº€£„“”‚‘’–—…«»‹›•·°§©®™½¼¾²³±×µ\xa0\xad")
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]+)""", re.IGNORECASE
)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_ASCII = set(map(chr, range(128)))
ZEROS = 200  # a text has fewer zero bytes than one in so many
# € for ¤; œ Œ Š š Ž ž beside letters, where ½ ¼ ¦ ¨ ´ ¸ do not stand
_LATIN9 = re.compile(rb"\xa4|[A-Za-z\xc0-\xff][\xbd\xbc\xa6\xa8\xb8][a-z\xe0-\xff]|(?<![\w\xc0-\xff])[\xbd\xbc\xa6\xa8\xb4\xb8][a-z]{2}")
_LATIN_LETTER = re.compile(rb"[A-Za-z]")
_ONLY_CP1252 = re.compile(rb"[\x80-\x9f]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_THAI_MARK = re.compile("[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")
_THAI_MARK_IN_PLACE = re.compile("(?<=[\u0e01-\u0e2e\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")


class Encoding(NamedTuple):
    """A Python codec, and what of the bytes it does not decode, as sentences."""

    name: str
    notes: tuple[str, ...] = ()


def detect_encoding(path: Path) -> str | None:
    """Return the Python codec that decodes the whole file, or None when the bytes are no text. Reads in blocks of 1 MiB."""
    found = examine(path)
    return found.name if found else None


def examine(path: Path) -> Encoding | None:
    """Return the file's encoding as `detect_encoding` does, with what of it is no such text."""
    return _examine(lambda: path.open("rb"))


def declared_encoding(data: bytes) -> str | None:
    """The encoding that an HTML or XML document names in its first 4 KiB."""
    found = _DECLARED.search(data[:4096])
    return (found[1] or found[2]).decode("ascii") if found else None


def decode(data: bytes, declared: str | None) -> str:
    """The text of bytes that are said to be in an encoding: in that one unless it does not decode them, or they are UTF-8 beyond ASCII."""
    found = _examine(lambda: io.BytesIO(data))
    detected = found.name if found else None
    name = detected if detected and detected.startswith("utf") and not data.isascii() else _codec(declared)
    if name is None or _loses(data, name):
        name = detected or name or "utf-8"
    return data.decode(name, errors=FAULTY if name == "utf-8" else "replace")


def _codec(declared: str | None) -> str | None:
    """Python's name of a declared encoding, as browsers understand it (WHATWG Encoding, 4.2)."""
    try:
        name = codecs.lookup(declared or "").name
    except LookupError:
        return None
    name = {"tis-620": "cp874", "iso8859-11": "cp874", "iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030"}.get(name, name)
    return name if codecs.lookup(name)._is_text_encoding else None


def _loses(data: bytes, name: str) -> bool:
    """Whether more than one character in a thousand is lost when the bytes are read so."""
    return data.decode(name, errors="replace").count("\ufffd") * 1000 > len(data)


def _examine(source: Callable[[], BinaryIO]) -> Encoding | None:
    with source() as file:
        head = file.read(SAMPLE)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return Encoding(encoding) if _decodes(source, encoding) else _faulty_utf8(source) if encoding == "utf-8-sig" else None
    if wide := _wide(head):
        return Encoding(wide) if _decodes(source, wide) else None
    if head.count(0) * ZEROS > len(head):
        return None
    if b"\0" not in head and _decodes(source, "utf-8"):
        return Encoding("utf-8")
    if faulty := _faulty_utf8(source):
        return faulty
    legacy = _legacy_encoding(_sample_beyond_ascii(source)) if b"\0" not in head else None
    return Encoding(legacy) if legacy else None


def _read_otherwise(error: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8 as what it is in cp1252, as texts have it that were put together: a letter only beside others.

    Nothing for a character that the end of the text cuts.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    fault = error.object[error.start : error.end]
    if error.end == len(error.object) and "unexpected end" in error.reason:
        return "", error.end
    letter = fault.decode("cp1252", errors="replace")
    beside = error.object[max(0, error.start - 1) : error.start] + error.object[error.end : error.end + 1]
    return letter if not letter.isalpha() or _LATIN_LETTER.search(beside) else "\ufffd", error.end


FAULTY = "glossa.faulty-utf-8"  # the name of this way to handle errors
codecs.register_error(FAULTY, _read_otherwise)


def _faulty_utf8(source: Callable[[], BinaryIO]) -> Encoding | None:
    """UTF-8 with few faults: a right character beyond ASCII for each wrong byte, which no other encoding makes by chance."""
    good = bad = zeros = controls = total = 0
    rest = b""
    with source() as file:
        while block := file.read(BLOCK):
            zeros += block.count(0)
            text, rest = _marked(rest + block)
            bad += text.count("\ufffd")
            good += sum(map(text.count, set(text) - _ASCII - {"\ufffd"}))
            controls += len(_CONTROLS.findall(text))
            total += len(text)
    if bad > good or (rest and not good) or not _few(controls, total) or not total:
        return None
    notes = (
        [f"{bad:,} {'byte is' if bad == 1 else 'bytes are'} no UTF-8; read as Windows-1252 where that gives a letter or sign."]
        if bad
        else []
    )
    notes += ["The text ends in the middle of a character: it is cut short."] if rest else []
    notes += [f"{zeros:,} zero {'byte was' if zeros == 1 else 'bytes were'} left out."] if zeros else []
    return Encoding("utf-8", tuple(notes))


def _marked(data: bytes) -> tuple[str, bytes]:
    """The text with U+FFFD for each wrong byte, and the bytes of a character that the end cuts."""
    end = next((len(data) - back for back in range(1, 4) if data[-back:] and _begins(data[len(data) - back :])), len(data))
    return data[:end].decode("utf-8", errors="replace"), data[end:]


def _begins(tail: bytes) -> bool:
    """Whether these last bytes are the beginning of a longer character."""
    lead = tail[0]
    size = 2 if 0xC2 <= lead < 0xE0 else 3 if 0xE0 <= lead < 0xF0 else 4 if 0xF0 <= lead < 0xF5 else 0
    return len(tail) < size and all(0x80 <= byte < 0xC0 for byte in tail[1:])


def read_blocks(path: Path, encoding: str) -> Iterator[str]:
    """Yield the decoded text in blocks; the few bytes that a legacy code page leaves undefined become U+FFFD."""
    with path.open(encoding=encoding, errors=FAULTY if encoding.startswith("utf-8") else "replace", newline=None) as file:
        while block := file.read(BLOCK):
            yield block


def _decodes(source: Callable[[], BinaryIO], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    controls = total = 0
    with source() as file:
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


def _sample_beyond_ascii(source: Callable[[], BinaryIO]) -> bytes:
    """Return up to SAMPLE bytes from where the file stops being ASCII, starting at a line."""
    with source() as file:
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
    western = "iso8859_15" if _is_latin9(sample) else "cp1252"
    if _is_western(sample.decode(western, errors="replace")):
        return western
    best = from_bytes(sample, cp_isolation=_LEGACY).best()
    return best.encoding if best else None


def _is_latin9(sample: bytes) -> bool:
    """Whether the bytes have the letters and the euro sign that ISO 8859-15 has in place of fractions, and nothing that only cp1252 has."""
    return bool(_LATIN9.search(sample)) and not _ONLY_CP1252.search(sample)


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
