"""Plain text of any encoding, in sections at paragraph borders."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.encoding import BLOCK, detect_encoding, read_blocks
from ingest.sections import Section, cut
from rag.errors import UnsupportedType

RECORD = 32 << 20  # characters of a line that must be whole: a record of JSON lines, a row of a table
NOT_TEXT = "The bytes of the file are no text in any known encoding; upload text, or a PDF, Office, HTML or EPUB file."


def parse_text(path: Path) -> Iterator[Section]:
    """Yield sections of at most 8,000 characters. Memory stays at some blocks of 1 MiB, whatever the size. Raises UnsupportedType."""
    yield from cut("", lines(read_blocks(path, text_encoding(path))))


def text_encoding(path: Path) -> str:
    """Return the encoding of a text file; raises UnsupportedType when its bytes are no text."""
    encoding = detect_encoding(path)
    if encoding is None:
        raise UnsupportedType(NOT_TEXT)
    return encoding


def lines(blocks: Iterable[str], longest: int = BLOCK) -> Iterator[str]:
    """Yield lines without their ends from blocks of text; one of more than `longest` characters comes in several pieces."""
    rest = ""
    for block in blocks:
        *whole, rest = (rest + block).split("\n")
        yield from whole
        if len(rest) > longest:
            yield rest
            rest = ""
    if rest:
        yield rest
