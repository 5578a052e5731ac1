"""What a file's first bytes say about it. The gateway runs this on untrusted bytes, so it only compares a bounded head with fixed marks:

no parser, no archive, no regular expression and no charset detection. `ingest.identification` decides the rest in the parser's process.
"""

from pathlib import Path

from ingest.media_types import (
    ACCEPTED,
    CSV,
    DOCX,
    EML,
    EPUB,
    HTML,
    JSON,
    JSON_LINES,
    MARKDOWN,
    MSG,
    ODP,
    ODS,
    ODT,
    OLE,
    PDF,
    PPTX,
    RTF,
    TEXT,
    TSV,
    XLSX,
    XML,
    ZIP,
)
from rag.errors import Unreadable, UnsupportedType

HEAD_BYTES = 1 << 16
PDF_BYTES = 1024  # other bytes that may come before a PDF (PDF 1.7, implementation note 13)
MIMETYPE_BYTES = 256  # EPUB and OpenDocument name their type in the first entry, not compressed
HTML_BYTES = 1024
ZIP_START, OLE_START = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STARTS = (
    (b"{\\rtf", RTF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),  # TIFF has two byte orders
    (b"MM\0*", "image/tiff"),
)
_NAMED_IN_ZIP = (EPUB, ODT, ODS, ODP)
_ZIP_FOLDERS = ((b"word/", DOCX), (b"ppt/", PPTX), (b"xl/", XLSX))
_OLE_STREAMS = (("__properties_version1.0", MSG),)  # [MS-OXMSG] 2.4
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")
_SUFFIXES = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".csv": CSV,
    ".tsv": TSV,
    ".json": JSON,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".eml": EML,
    ".mbox": EML,
    ".xml": XML,
    ".svg": XML,
}
_PROGRAM, _MEDIA, _ARCHIVE = "a program", "a video or sound", "an archive"
# Refused at once: offset, mark, what it is. A mark of letters alone counts only in a head that no text has, one with a zero byte.
_REFUSED = (
    (0, b"\x7fELF", _PROGRAM),
    (0, b"MZ", _PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", _PROGRAM),  # Mach-O
    (0, b"\xce\xfa\xed\xfe", _PROGRAM),
    (0, b"\xca\xfe\xba\xbe", _PROGRAM),  # also Java
    (0, b"\0asm", _PROGRAM),
    (4, b"ftyp", "a video, a sound or a HEIF picture"),
    (0, b"\x1aE\xdf\xa3", _MEDIA),  # Matroska, WebM
    (0, b"RIFF", _MEDIA),  # WAV and AVI; WebP is a picture
    (0, b"OggS", _MEDIA),
    (0, b"fLaC", _MEDIA),
    (0, b"ID3", _MEDIA),
    (0, b"FLV\1", _MEDIA),
    (0, b"\0\0\1\xba", _MEDIA),  # MPEG
    (0, b"\0\0\1\xb3", _MEDIA),
    (0, b"GIF87a", "a GIF picture"),
    (0, b"GIF89a", "a GIF picture"),
    (0, b"\x1f\x8b", _ARCHIVE),  # gzip
    (4, b"1AY&SY", _ARCHIVE),  # bzip2
    (0, b"\xfd7zXZ\0", _ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (0, b"Rar!\x1a\x07", _ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", _ARCHIVE),  # Zstandard
    (0, b"PK\x05\x06", "an empty archive"),
    (0, b"SQLite format 3\0", "a database"),
)


def sniff(path: Path, name: str) -> str:
    """Return the media type that the first 64 KiB of the file at `path` show; `name`, as uploaded, only decides between kinds of text.

    The type is a first guess, which `ingest.formats.parse` checks: of some containers it is ZIP or OLE, and of any other bytes a kind of
    text. Raises Unreadable for an empty file, UnsupportedType for what is certainly not read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise Unreadable("The file is empty; upload a file that holds text.")
    return _binary_type(head) or _text_type(head, name)


def _binary_type(head: bytes) -> str | None:
    if head.startswith(ZIP_START):
        return _zip_type(head)
    if head.startswith(OLE_START):
        return next((media_type for stream, media_type in _OLE_STREAMS if stream.encode("utf-16-le") in head), OLE)
    if b"%PDF-" in head[:PDF_BYTES]:
        return PDF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if (known := next((media_type for start, media_type in _STARTS if head.startswith(start)), None)) is not None:
        return known
    for offset, mark, what in _REFUSED:
        if head.startswith(mark, offset) and (not mark.isalnum() or b"\0" in head):
            raise UnsupportedType(f"The file is {what}, a type that is not read; accepted are {ACCEPTED}.")
    return None


def _zip_type(head: bytes) -> str:
    """The type that the first entries' names show, which stand in the archive as they are."""
    for media_type in _NAMED_IN_ZIP:
        if b"mimetype" + media_type.encode() + b"PK" in head[:MIMETYPE_BYTES]:
            return media_type
    found = [(at, media_type) for folder, media_type in _ZIP_FOLDERS if (at := head.find(folder)) >= 0]
    return min(found)[1] if found else ZIP


def _text_type(head: bytes, name: str) -> str:
    start = head[:HTML_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(_HTML_STARTS):
        return HTML
    if start.startswith(b"<?xml"):
        return XML
    return _SUFFIXES.get(Path(name).suffix.lower(), TEXT)
