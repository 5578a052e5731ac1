"""Mails, EML and MBOX (RFC 5322, MIME, RFC 4155) and Outlook's MSG: the headers that people read, the text, then what is attached.

An attachment is read as `ingest.embedded` says, so its pages bear its name; the mail's own text names all of them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from oxmsg import Message

from ingest.embedded import Embedded, embedded_sections
from ingest.limits import check_part
from ingest.mail_parts import MailContent, read_parts
from ingest.markup import html_sections
from ingest.sections import Section, cut
from rag.settings import ParseLimits

HEADERS = ("Subject", "From", "To", "Cc", "Date")
# The line that mail programs write before each mail of a file: RFC 4155, appendix A
_SEPARATOR = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]*\d{4}[^\r\n]*\r?\n(?=[!-9;-~]+:)")


def parse_eml(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield sections labelled by the subject, mail by mail where the file holds several. Raises TooLarge."""
    check_part(path.stat().st_size, "The file", limits)
    for mail in _SEPARATOR.split(path.read_bytes()):
        if mail.strip():
            yield from _sections(read_parts(mail, HEADERS), limits)


def parse_msg(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield sections labelled by the subject; of text and HTML the one that says more is read. Raises TooLarge."""
    check_part(path.stat().st_size, "The file", limits)
    mail = Message.load(str(path))
    to = ", ".join(f"{recipient.name} <{recipient.email_address}>" for recipient in mail.recipients)
    date = mail.sent_date.isoformat(" ") if mail.sent_date else ""
    head = {"Subject": mail.subject, "From": mail.sender or "", "To": to, "Date": date}
    files, notes = [], []
    for attachment in mail.attachments:
        name = attachment.file_name or attachment.mime_type or "unnamed"
        if attachment.file_bytes:
            files.append(Embedded(name, attachment.file_bytes))
        else:
            notes.append(f"The file {name} is part of this mail; it is not read: Outlook stores it as an object of its own.")
    yield from _sections(MailContent(head, [(mail.body or "", mail.html_body or "")], files, notes, []), limits)


def _sections(mail: MailContent, limits: ParseLimits) -> Iterator[Section]:
    lines = [f"{name}: {' '.join(value.split())}" for name, value in mail.head.items() if value]
    attached = [*(file.name for file in mail.files), *mail.signatures]
    lines += [f"Attachments: {', '.join(attached)}"] if attached else []
    for plain, html in mail.texts:
        lines += ["", *_fuller(plain, html)]
    notes = tuple(mail.notes)
    for section in cut(" ".join(mail.head.get("Subject", "").split()), lines):
        yield section._replace(notes=notes)
        notes = ()
    yield from embedded_sections(mail.files, limits)


def _fuller(plain: str, html: str) -> list[str]:
    """The lines of the plain text, unless it is only a stub of the HTML beside it ("Please view this mail as HTML")."""
    if not html.strip():
        return plain.splitlines()
    shown = [line for section in html_sections(html) for line in [*section.text.split("\n"), ""]]
    return shown if 2 * len(plain.split()) < len(" ".join(shown).split()) or not plain.strip() else plain.splitlines()
