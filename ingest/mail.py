"""Mails, EML (RFC 5322 and MIME) and Outlook's MSG: the headers that people read, then the text. Attachments are named, not read."""

from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from oxmsg import Message

from ingest.limits import check_part
from ingest.markup import html_sections
from ingest.sections import Section, cut
from rag.settings import ParseLimits

HEADERS = ("Subject", "From", "To", "Cc", "Date")


def parse_eml(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield sections labelled by the subject; of text and HTML the text is read. Raises TooLarge."""
    check_part(path.stat().st_size, "The file", limits)
    mail = message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(mail, EmailMessage)  # what this policy makes
    body = mail.get_body(preferencelist=("plain", "html"))
    text = body.get_content() if body is not None else ""
    head = {name: str(mail[name]) for name in HEADERS if mail[name]}
    attached = [part.get_filename() or part.get_content_type() for part in mail.iter_attachments()]
    yield from _sections(head, text, attached, html=body is not None and body.get_content_subtype() == "html")


def parse_msg(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield sections labelled by the subject; of text and HTML the text is read. Raises TooLarge."""
    check_part(path.stat().st_size, "The file", limits)
    mail = Message.load(str(path))
    to = ", ".join(f"{recipient.name} <{recipient.email_address}>" for recipient in mail.recipients)
    date = mail.sent_date.isoformat(" ") if mail.sent_date else ""
    head = {"Subject": mail.subject, "From": mail.sender or "", "To": to, "Date": date}
    attached = [attachment.file_name or attachment.mime_type or "unnamed" for attachment in mail.attachments]
    yield from _sections(head, mail.body or mail.html_body or "", attached, html=not mail.body)


def _sections(head: dict[str, str], text: str, attached: Sequence[str], *, html: bool) -> Iterator[Section]:
    lines = [f"{name}: {' '.join(value.split())}" for name, value in head.items() if value]
    lines += [f"Attachments: {', '.join(attached)}"] if attached else []
    body = [line for section in html_sections(text) for line in [*section.text.split("\n"), ""]] if html else text.splitlines()
    yield from cut(" ".join(head.get("Subject", "").split()), [*lines, "", *body])
