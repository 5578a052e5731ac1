"""Files of other kinds that are parts of a DOCX (`w:altChunk`, ECMA-376 part 1, 17.17.2): web pages, saved mails, RTF and text."""

import codecs
import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from lxml import etree
from striprtf.striprtf import rtf_to_text

from ingest.cleaning import collapse_spaces
from ingest.limits import check_part
from ingest.markup import html_sections
from ingest.ooxml import Package, R
from rag.settings import ParseLimits

MOST_CHUNKS = 500  # of one document with all documents inside it
MISSING = "A part that the document imports is missing."
UNREAD = "An imported part of an unknown kind is not read."
TOO_MANY = f"Only the first {MOST_CHUNKS} imported parts are read."
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_MIME = re.compile(rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?(?:MIME-Version|Content-Type):", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(slots=True)
class Imported:
    """What was imported so far, over all documents inside the document; `depth` counts those that are open."""

    limits: ParseLimits
    notes: list[str]
    depth: int = 0
    count: int = field(default=0)

    def read(self, package: Package, part: str, chunk: etree._Element) -> bytes | None:
        """Return the bytes that a `w:altChunk` names; None, with a note, when there are none, or too many were read. Raises TooLarge."""
        related = package.related(part).get(chunk.get(f"{R}id", ""))
        if related is None or related.external or not package.holds(related.target):
            self.notes.append(MISSING)
            return None
        self.count += 1
        if self.count > MOST_CHUNKS:
            self.notes.append(TOO_MANY)
            return None
        data = package.read(related.target)
        check_part(len(data), f"The part {related.target}", self.limits)
        return data


def kind_of(data: bytes) -> str:
    """Return what an imported part is, by its bytes: docx, rtf, mht, html or text; "" for anything else."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"PK\x03\x04"):
        return "docx"
    if head.startswith(b"{\\rtf"):
        return "rtf"
    if _MIME.match(head):
        return "mht"
    if b"<" in _decoded(data[:4096]).encode("ascii", "ignore"):
        return "html"
    return "" if b"\0" in head and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "text"


def chunk_lines(data: bytes, imported: Imported) -> list[str]:
    """Return the lines of an imported part but a DOCX."""
    kind = kind_of(data)
    if kind == "rtf":
        text = collapse_spaces(rtf_to_text(data.decode("cp1252", errors="replace"), errors="replace"))  # type: ignore[no-untyped-call]
        return [*text.split("\n"), ""]
    if kind == "mht":
        return _html_lines(_saved_page(data))
    if kind == "html":
        return _html_lines(_decoded(data))
    if kind == "text":
        return [*_decoded(data).splitlines(), ""]
    imported.notes.append(UNREAD)
    return []


def _html_lines(html: str) -> list[str]:
    return [line for section in html_sections(html) for line in [*section.text.split("\n"), ""]]


def _saved_page(data: bytes) -> str:
    """Return the page of an MHTML file (RFC 2557): its first HTML part, else its first text."""
    mail = message_from_bytes(data, policy=default)
    parts = [part for part in mail.walk() if isinstance(part, EmailMessage) and part.get_content_maintype() == "text"]
    parts.sort(key=lambda part: part.get_content_subtype() not in ("html", "xhtml"))
    if not parts:
        return ""
    payload = parts[0].get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    return _decoded(content, str(parts[0].get_content_charset() or ""))


def _decoded(data: bytes, charset: str = "") -> str:
    """Return text by its byte order mark, else in UTF-8 where it decodes, else by the declared charset, else as Windows writes it."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        declared = _CHARSET.search(data[:4096])
        name = charset or (declared[1].decode("ascii") if declared else "cp1252")
    try:
        return data.decode(name, errors="replace")
    except LookupError:
        return data.decode("cp1252", errors="replace")
