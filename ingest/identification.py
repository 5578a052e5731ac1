"""What a file is, decided by all of its bytes. Runs in the parser's process only: it opens archives and guesses encodings."""

import mmap
import re
import zipfile
from pathlib import Path

from ingest.archive import open_archive, read_part
from ingest.encoding import SAMPLE, detect_encoding
from ingest.media_types import ACCEPTED, DOCX, EML, EPUB, HTML, MSG, ODP, ODS, ODT, OLE_TYPES, PPTX, TEXT, TEXT_TYPES, XLSX, XML, ZIP_TYPES
from rag.errors import Unreadable, UnsupportedType
from rag.settings import ParseLimits

_CONTENT_TYPES = (
    (b"wordprocessingml.document.main+xml", DOCX),
    (b"wordprocessingml.template.main+xml", DOCX),
    (b"ms-word.document.macroEnabled.main+xml", DOCX),
    (b"ms-word.template.macroEnabledTemplate.main+xml", DOCX),
    (b"presentationml.presentation.main+xml", PPTX),
    (b"presentationml.slideshow.main+xml", PPTX),
    (b"ms-powerpoint.presentation.macroEnabled.main+xml", PPTX),
    (b"presentationml.template.main+xml", PPTX),
    (b"ms-powerpoint.slideshow.macroEnabled.main+xml", PPTX),
    (b"spreadsheetml.sheet.main+xml", XLSX),
    (b"spreadsheetml.template.main+xml", XLSX),
    (b"ms-excel.sheet.macroEnabled.main+xml", XLSX),
)
_NAMED_IN_ZIP = (EPUB, ODT, ODS, ODP)
_OLE_STREAMS = (("__properties_version1.0", MSG),)  # [MS-OXMSG] 2.4
# Possessive and atomic throughout: what was passed once is not gone through again
_HTML_START = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?+(?:(?><!--.*?-->)\s*+)*+<(?:!doctype\s++html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_PROLOGUE = r"\ufeff?+\s*+(?:<\?xml[^>]*+>\s*+)?+(?:(?><!--.*?-->)\s*+)*+(?:<!doctype[^>]*+>\s*+)?+(?:(?><!--.*?-->)\s*+)*+"
_SVG_START = re.compile(_PROLOGUE + r"<(?:\w++:)?svg\b", re.IGNORECASE | re.DOTALL)
_XML_START = re.compile(r"\ufeff?+\s*+<\?xml\s", re.IGNORECASE)
_HEADER = re.compile(rb"[!-9;-~]++:|[ \t]")  # a mail's header, or a line that goes on from one (RFC 5322, section 2.2)
_KNOWN_HEADER = re.compile(rb"(?:From|To|Subject|Date|Message-ID|Received|MIME-Version|Content-Type):", re.IGNORECASE)
_MBOX_START = re.compile(rb"From [^\r\n]*\d{4}")  # the line before a mail in a mailbox file (RFC 4155)
HEADER_LINES = 400  # in which two known headers must stand


def identify(path: Path, declared: str, limits: ParseLimits) -> str:
    """Return the media type of the file at `path`, of which `ingest.magic.sniff` said `declared`.

    Raises Unreadable for an encrypted or damaged container, TooLarge for a decompression bomb, UnsupportedType for what is not read.
    """
    if declared in ZIP_TYPES:
        return _in_archive(path, limits)
    if declared in OLE_TYPES:
        return _in_ole(path)
    return _of_text(path, declared) if declared in TEXT_TYPES else declared


def _of_text(path: Path, declared: str) -> str:
    encoding = detect_encoding(path)
    if encoding is None:
        raise UnsupportedType(f"The bytes of the file are no text and of no known type; accepted are {ACCEPTED}.")
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    if _is_mail(head):
        return EML
    text = head.decode(encoding, errors="ignore")
    if _HTML_START.match(text):
        return HTML
    if _SVG_START.match(text):
        raise UnsupportedType("The file is an SVG drawing, a type that is not read; save it as a PDF or a PNG picture and upload that.")
    if _XML_START.match(text):
        return XML
    return TEXT if declared in (EML, XML) else declared


def _is_mail(head: bytes) -> bool:
    """Whether it begins with headers, two of which are those that mails have."""
    known = 0
    if _MBOX_START.match(head):
        head = head.partition(b"\n")[2]
    for line in head.split(b"\n", HEADER_LINES)[:HEADER_LINES]:
        if not _HEADER.match(line):
            return False
        known += bool(_KNOWN_HEADER.match(line))
        if known == 2:
            return True
    return False


def _in_archive(path: Path, limits: ParseLimits) -> str:
    with open_archive(path, limits) as archive:
        if (named := _named(archive)) in _NAMED_IN_ZIP:
            return named
        types = read_part(archive, "[Content_Types].xml") if "[Content_Types].xml" in archive.namelist() else b""
    for mark, media_type in _CONTENT_TYPES:
        if mark in types:
            return media_type
    raise UnsupportedType(f"The file is a ZIP archive of another kind; accepted are {ACCEPTED}: unpack it and upload what it holds.")


def _named(archive: zipfile.ZipFile) -> str:
    """The type that EPUB and OpenDocument files name in an entry of their own."""
    return read_part(archive, "mimetype").decode("ascii", "replace").strip() if "mimetype" in archive.namelist() else ""


def _in_ole(path: Path) -> str:
    """An OLE container holds a mail of Outlook, an encrypted new Office file or an old one. Raises for the latter two."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:  # its directory may stand anywhere
        for stream, media_type in _OLE_STREAMS:
            if content.find(stream.encode("utf-16-le")) >= 0:
                return media_type
        is_encrypted = content.find("EncryptedPackage".encode("utf-16-le")) >= 0
    if is_encrypted:
        raise Unreadable("The Office file is encrypted with a password; upload a copy saved without one.")
    old = "The file is of an old Office format (.doc, .ppt, .xls)"
    raise UnsupportedType(f"{old}; accepted are {ACCEPTED}: save it as DOCX, PPTX or XLSX.")
