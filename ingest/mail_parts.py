"""Takes a MIME mail (RFC 2045 to 2049) apart: headers, the texts to be shown one after the other, attached files."""

from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import NamedTuple

from ingest.embedded import Embedded
from ingest.encoding import decode
from ingest.media_types import EML

DEEPEST = 20  # parts in parts; mail programs nest four
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
_ENCRYPTED = {"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"}


class MailContent(NamedTuple):
    """A mail. Each of the `texts` is a plain one and an HTML one of the same content, either may be empty. `signatures` are names."""

    head: dict[str, str]
    texts: list[tuple[str, str]]
    files: list[Embedded]
    notes: list[str]
    signatures: list[str]


def read_parts(data: bytes, headers: Sequence[str]) -> MailContent:
    """Take the mail apart; of its headers those that are named."""
    notes: list[str] = []
    try:
        mail = message_from_bytes(data, policy=default)
    except RecursionError:  # some hundred mails in mails
        mail = BytesParser(policy=default).parsebytes(data, headersonly=True)
        notes.append("The mail has mails in mails in such a number that only its headers are read.")
    assert isinstance(mail, EmailMessage)  # what this policy makes
    found = MailContent({name: _header(mail, name) for name in headers}, [], [], notes, [])
    if not notes:
        _take(mail, found, 0)
    return found


def _take(part: EmailMessage, found: MailContent, depth: int) -> None:
    kind = part.get_content_type()
    if depth > DEEPEST:
        found.notes.append(f"The mail has parts in parts beyond {DEEPEST} levels, which are not read.")
    elif kind == "multipart/alternative":
        _take_alternatives(part, found, depth)
    elif kind == "message/rfc822":
        found.files.extend(Embedded(_header(inner, "Subject") or _name(part), inner.as_bytes(), EML) for inner in _children(part))
    elif part.is_multipart():
        for child in _children(part):
            _take(child, found, depth + 1)
    elif kind in _ENCRYPTED:
        found.notes.append("A part of the mail is encrypted or sealed by S/MIME or PGP and is not read; save it decrypted and upload that.")
    elif kind in ("text/plain", "text/html") and not (part.is_attachment() or part.get_filename()):
        found.texts.append((_text(part), "") if kind == "text/plain" else ("", _text(part)))
    elif kind in _SIGNATURES:
        found.signatures.append(_name(part))
    else:
        found.files.append(Embedded(_name(part), _content(part)))


def _take_alternatives(part: EmailMessage, found: MailContent, depth: int) -> None:
    """Several forms of one content: the plain and the HTML text are kept as a pair, calendar entries and the like as files."""
    forms = MailContent({}, [], found.files, found.notes, found.signatures)
    for child in _children(part):
        _take(child, forms, depth + 1)
    plain = "\n".join(text for text, _ in forms.texts if text)
    html = "\n".join(text for _, text in forms.texts if text)
    found.texts.append((plain, html))


def _children(part: EmailMessage) -> Iterator[EmailMessage]:
    payload = part.get_payload()
    return (child for child in payload if isinstance(child, EmailMessage)) if isinstance(payload, list) else iter(())


def _content(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: EmailMessage) -> str:
    return decode(_content(part), part.get_content_charset())


def _name(part: EmailMessage) -> str:
    return _decoded(part.get_filename() or "") or part.get_content_type()


def _header(mail: EmailMessage, name: str) -> str:
    """A header as a reader sees it; bytes beyond ASCII, which it must not hold, as what they are."""
    for key, value in mail.raw_items():
        if key.lower() == name.lower():
            raw = str(value)
            if raw.isascii():
                return _decoded(str(mail[name]))
            return _decoded(decode(raw.encode("utf-8", errors="surrogateescape"), None))
    return ""


def _decoded(value: str) -> str:
    """A header's value without encoded words (RFC 2047), which stand in places where they must not, too."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return value
