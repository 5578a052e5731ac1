"""RTF through striprtf, in sections at paragraph borders."""

from collections.abc import Iterator
from pathlib import Path

from striprtf.striprtf import rtf_to_text

from ingest.cleaning import collapse_spaces
from ingest.limits import check_part
from ingest.sections import Section, cut
from rag.settings import ParseLimits


def parse_rich_text(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield the text; a table row is one line with '|' after each cell. Pictures, fields and styles are left out. Raises TooLarge."""
    check_part(path.stat().st_size, "The file", limits)
    text = rtf_to_text(path.read_bytes().decode("cp1252", errors="replace"), errors="replace")  # type: ignore[no-untyped-call]
    yield from cut("", collapse_spaces(text).split("\n"))
