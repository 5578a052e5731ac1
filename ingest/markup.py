"""HTML and Markdown, in sections at first and second level headings. Only what a reader would see is kept; nothing is fetched or run."""

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring
from markdown_it import MarkdownIt

from ingest.cleaning import collapse_spaces
from ingest.encoding import declared_encoding, decode, read_blocks
from ingest.limits import check_part
from ingest.plain import parse_text, text_encoding
from ingest.sections import Section, cut
from rag.settings import ParseLimits

MARKDOWN_BYTES = 4 << 20  # its tokens take a hundred times the text and 4 s per MiB: longer files are read as plain text
_UNSEEN = {"script", "style", "template", "noscript", "head", "nav", "svg", "iframe", "object", "canvas", "audio", "video", "datalist"}
_BLOCKS = {"p", "div", "section", "article", "header", "footer", "main", "nav", "aside", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr",
           "thead", "tbody", "tfoot", "caption", "blockquote", "pre", "figure", "figcaption", "form", "fieldset", "address", "details",
           "summary", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "body"}  # fmt: skip
_APART = {"p", "ul", "ol", "dl", "table", "blockquote", "pre", "figure", "h1", "h2", "h3", "h4", "h5", "h6"}
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])", re.IGNORECASE)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_SPACES = re.compile(r"[ \t\n\r\f]+")


def parse_html(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield the visible text but navigation, section by section. Text that only a style sheet hides counts as visible.

    Raises TooLarge beyond `limits.part_bytes`, UnsupportedType when the bytes are no text.
    """
    check_part(path.stat().st_size, "The file", limits)
    data = path.read_bytes()
    declared = declared_encoding(data)
    if not declared:
        text_encoding(path)  # raises when it is none
    yield from html_sections(decode(data, declared))


def parse_markdown(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield the text as a reader of the rendered Markdown (CommonMark and tables) sees it; front matter comes first, as text."""
    check_part(path.stat().st_size, "The file", limits)
    if path.stat().st_size > MARKDOWN_BYTES:
        yield from parse_text(path)
        return
    text = "".join(read_blocks(path, text_encoding(path)))
    front = _FRONT_MATTER.match(text)
    if front:
        yield from cut("", front[1].splitlines())
        text = text[front.end() :]
    yield from html_sections(MarkdownIt("commonmark").enable("table").render(text))


def html_sections(html: str) -> Iterator[Section]:
    """Yield sections of an HTML or XHTML document at h1 and h2; the label is the heading, before the first one the title."""
    parser = HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    data = html.encode("utf-8", errors="replace")
    if not data.strip():
        return
    try:
        root = document_fromstring(data, parser=parser)
    except etree.ParserError:  # lxml's word for markup without any element or text, such as a lone comment
        return
    label = collapse_spaces(root.findtext(".//title") or "")
    pieces: list[str] = []
    for event, element in _visible(root):
        if event == "start" and element.tag in ("h1", "h2"):
            yield from cut(label, _lines(pieces))
            label, pieces = collapse_spaces(" ".join(element.itertext())), []
        _add(pieces, event, element)
    yield from cut(label, _lines(pieces))


def _visible(root: HtmlElement) -> Iterator[tuple[str, HtmlElement]]:
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "start" and _is_unseen(element):
            walker.skip_subtree()
            element.text = None
        yield event, element


def _is_unseen(element: HtmlElement) -> bool:
    return element.tag in _UNSEEN or "hidden" in element.attrib or bool(_HIDING_STYLE.search(element.get("style", "")))


def _add(pieces: list[str], event: str, element: HtmlElement) -> None:
    """Append what a start or end tag brings: its text (on start), a line break or a cell border, the text after it (on end)."""
    tag = element.tag
    parent = element.getparent()
    if tag in ("p", "div") and parent is not None and parent.tag in ("td", "th"):
        pieces.append(" ")
    elif tag in _BLOCKS:
        pieces.append("\n\n" if tag in _APART else "\n")
    elif event == "start" and tag in ("td", "th") and element.getprevious() is not None:
        pieces.append(" | ")
    elif event == "end" and tag == "br":
        pieces.append("\n")
    text = element.text if event == "start" else element.tail
    if text:
        keeps_lines = (tag == "pre" and event == "start") or next(element.iterancestors("pre"), None) is not None
        pieces.append(text if keeps_lines else _SPACES.sub(" ", text))


def _lines(pieces: list[str]) -> list[str]:
    return collapse_spaces("".join(pieces)).split("\n")
