"""How much a single document may ask of the machine, and the check that stops a document's sections when they pass it."""

from dataclasses import dataclass

from rag.errors import TooLarge


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """Bounds on one document; each holds for the whole document except `part_bytes`.

    pages: pages, slides or sections after parsing. characters: extracted text. expanded_bytes: a ZIP container (DOCX, PPTX, XLSX, EPUB)
    unpacked. expansion_ratio: unpacked size over file size. part_bytes: one HTML, Markdown or XML part, which is read into memory whole.
    pixels: of one picture. memory_bytes: address space of the process that parses. page_seconds and seconds: time for one page and for
    all of them.
    """

    pages: int = 5_000
    characters: int = 50_000_000
    expanded_bytes: int = 1 << 30
    expansion_ratio: int = 200
    part_bytes: int = 32 << 20
    pixels: int = 100_000_000
    memory_bytes: int = 2 << 30
    page_seconds: int = 60
    seconds: int = 3600


def check_part(size: int, what: str, limits: ParseLimits) -> None:
    """Raise TooLarge when `size` bytes of `what` are more than may be read into memory at once."""
    if size > limits.part_bytes:
        raise TooLarge(f"{what} holds {size:,} bytes of markup and at most {limits.part_bytes:,} are read; split the document.")
