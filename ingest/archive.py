"""Opens the ZIP containers of DOCX, PPTX, XLSX, ODT and EPUB only when unpacking them cannot exhaust the machine, and reads their parts."""

import io
import zipfile
import zlib
from contextlib import nullcontext
from pathlib import Path

from ingest.limits import check_part
from ingest.zip_directory import MAX_ENTRIES, check_directory, too_many
from rag.errors import TooLarge, Unreadable
from rag.settings import ParseLimits

MARKUP = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx")
STREAMED = ("xl/worksheets/", "xl/sharedStrings")  # these are read element by element
SMALL_BYTES = 16 << 20  # below this no ratio is suspicious: repetitive sheets of real work reach 1:300


def open_archive(source: Path | io.BytesIO, limits: ParseLimits) -> zipfile.ZipFile:
    """Return the open archive of a file, or of one inside another, after checking its end record, then its contents.

    Checked are entries, sizes, ratio and encryption.

    The declared sizes can be trusted as an upper bound: zipfile never unpacks an entry beyond its declared size. Nothing is unpacked here.
    Raises TooLarge for a decompression bomb, Unreadable for a broken or encrypted archive.
    """
    with source.open("rb") if isinstance(source, Path) else nullcontext(source) as file:
        check_directory(file)
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Unreadable("The file is a damaged ZIP container: it is corrupt or cut short; save or upload it again.") from error
    try:
        packed = source.stat().st_size if isinstance(source, Path) else source.getbuffer().nbytes
        _check_entries(archive.infolist(), packed, limits)
    except (TooLarge, Unreadable):
        archive.close()
        raise
    return archive


def read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """One part, unpacked. Raises KeyError when there is none of that name, Unreadable when it is damaged."""
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError) as error:  # as zipfile does
        raise Unreadable(f"The part {name} of the file is damaged ({error}); save or upload it again.") from error


def _check_entries(entries: list[zipfile.ZipInfo], packed: int, limits: ParseLimits) -> None:
    if len(entries) > MAX_ENTRIES:
        raise too_many(len(entries))
    expanded = sum(entry.file_size for entry in entries)
    if expanded > limits.expanded_bytes:
        raise TooLarge(f"The file unpacks to {expanded:,} bytes and at most {limits.expanded_bytes:,} are read; split the document.")
    if expanded > SMALL_BYTES and expanded > packed * limits.expansion_ratio:
        raise TooLarge(
            f"The file unpacks to {expanded // max(packed, 1):,} times its size and at most {limits.expansion_ratio} times is read; "
            "it looks like a decompression bomb."
        )
    for entry in entries:
        if entry.flag_bits & 1:
            raise Unreadable("The file is encrypted with a password; upload a copy saved without one.")
        if entry.filename.endswith(MARKUP) and not entry.filename.startswith(STREAMED):
            check_part(entry.file_size, f"The part {entry.filename}", limits)
