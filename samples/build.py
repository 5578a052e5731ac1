"""Builds the binary sample documents in `documents/` from the texts in `sources/`.

A source is named after the document it becomes: `sources/prueflabor.docx.md` becomes `documents/prueflabor.docx`. It is a small
subset of Markdown (`#`, `##`, `-`, paragraphs) with one sentence on a line; `*.xlsx.csv` becomes a workbook. Markdown and CSV
documents are written in `documents/` directly, since they are their own source.

Run `python samples/build.py` with fpdf2, python-docx, python-pptx, openpyxl, uharfbuzz, fonttools and pythainlp installed, and
Debian's `fonts-noto-core` (SIL Open Font License) for the PDFs. The same sources and fonts give the same bytes again.
"""

import csv
import html
import re
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from docx import Document as WordDocument
from docx.opc.coreprops import CoreProperties as WordProperties
from openpyxl import Workbook
from pdf_sample import build_pdf
from pptx import Presentation
from pptx.parts.coreprops import CorePropertiesPart as SlideProperties
from pptx.util import Pt

HERE = Path(__file__).parent
SOURCES, DOCUMENTS = HERE / "sources", HERE / "documents"
# One fixed moment stands in every file, so that a rebuild changes nothing that the sources did not change.
BUILT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
LANGUAGE = re.compile(r"\s*<!-- ([a-z]{2}) -->\s*")


@dataclass(frozen=True, slots=True)
class Block:
    """One heading, list item or paragraph; `kind` is `h1`, `h2`, `li` or `p`."""

    kind: str
    text: str


def read_source(path: Path) -> tuple[str, list[Block]]:
    """The language code and the blocks of a source file, its sentence lines joined to paragraphs."""
    first, _, rest = path.read_text("utf-8").partition("\n")
    language = LANGUAGE.fullmatch(first)
    if language is None:
        raise ValueError(f"{path} starts with {first!r}; expected a language comment such as <!-- de -->.")
    return language[1], list(_blocks(rest))


def _blocks(text: str) -> Iterator[Block]:
    for part in re.split(r"\n\s*\n", text.strip()):
        if part.startswith("#"):
            marks, _, title = part.partition(" ")
            yield Block(f"h{len(marks)}", title)
        elif part.startswith("- "):
            yield from (Block("li", item.removeprefix("- ")) for item in part.splitlines())
        else:
            yield Block("p", " ".join(part.splitlines()))


def build_docx(blocks: list[Block], language: str, target: Path) -> None:
    """Writes a Word document with real heading and list styles."""
    styles = {"h1": "Title", "h2": "Heading 1", "li": "List Bullet", "p": "Normal"}
    document = WordDocument()
    _describe(document.core_properties, blocks[0].text, language)
    for block in blocks:
        document.add_paragraph(block.text, style=styles[block.kind])
    document.save(str(target))
    _freeze_zip(target)


def build_pptx(blocks: list[Block], language: str, target: Path) -> None:
    """Writes a title slide from the first two blocks and a slide for each `##` section, its paragraphs as bullets."""
    deck = Presentation()
    _describe(deck.core_properties, blocks[0].text, language)
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    slide.shapes.title.text = blocks[0].text
    slide.placeholders[1].text = blocks[1].text
    for block in blocks[2:]:
        if block.kind == "h2":
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            slide.shapes.title.text = block.text
            continue
        body = slide.placeholders[1].text_frame
        paragraph = body.add_paragraph() if body.text else body.paragraphs[0]
        paragraph.text = block.text
        paragraph.font.size = Pt(20)
    deck.save(str(target))
    _freeze_zip(target)


def _describe(properties: WordProperties | SlideProperties, title: str, language: str) -> None:
    """Replaces the authors' names in the libraries' templates."""
    properties.title, properties.author, properties.last_modified_by = title, "Halvarin", "Halvarin"
    properties.comments, properties.language = "", language


def build_html(blocks: list[Block], language: str, target: Path) -> None:
    """Writes a plain web page with a navigation list, as an intranet would serve it."""
    sections = [(f"s{number}", block.text) for number, block in enumerate(blocks) if block.kind == "h2"]
    links = "".join(f'<li><a href="#{name}">{html.escape(text)}</a></li>' for name, text in sections)
    title = html.escape(blocks[0].text)
    page = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>body {{ max-width: 44rem; margin: 2rem auto; font: 1rem/1.6 sans-serif }}</style>\n</head>\n<body>\n"
        f"<nav><ul>{links}</ul></nav>\n<main>\n{_body(blocks)}\n</main>\n</body>\n</html>\n"
    )
    target.write_text(page, "utf-8")


def _body(blocks: list[Block]) -> str:
    """The blocks as well-formed XHTML elements; runs of `li` share one list."""
    lines: list[str] = []
    for number, block in enumerate(blocks):
        text = html.escape(block.text, quote=False)
        name = f' id="s{number}"' if block.kind == "h2" else ""
        line = f"<{block.kind}{name}>{text}</{block.kind}>"
        if block.kind == "li":
            opens = blocks[number - 1].kind != "li"
            closes = number + 1 == len(blocks) or blocks[number + 1].kind != "li"
            line = ("<ul>\n" if opens else "") + line + ("\n</ul>" if closes else "")
        lines.append(line)
    return "\n".join(lines)


def build_txt(blocks: list[Block], language: str, target: Path) -> None:
    """Writes text wrapped at 76 columns with underlined headings; Thai keeps one line a paragraph, as its words have no spaces."""
    rules = {"h1": "=", "h2": "-"}
    parts = []
    for block in blocks:
        text = f"* {block.text}" if block.kind == "li" else block.text
        if block.kind in rules:
            text = f"{text}\n{rules[block.kind] * min(76, len(text))}"
        elif language != "th":
            text = textwrap.fill(text, 76, break_long_words=False, break_on_hyphens=False)
        parts.append(text)
    target.write_text("\n\n".join(parts) + "\n", "utf-8")


def build_epub(blocks: list[Block], language: str, target: Path) -> None:
    """Writes an EPUB 3 book with one chapter for each `##` section."""
    starts = [0, *(number for number, block in enumerate(blocks) if block.kind == "h2")]
    chapters = [blocks[start:end] for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True)]
    names = [f"chapter{number}.xhtml" for number in range(len(chapters))]
    title = html.escape(blocks[0].text)
    links = "".join(f'<li><a href="{name}">{html.escape(part[0].text)}</a></li>' for name, part in zip(names, chapters, strict=True))
    items = "".join(f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(names))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(names)))
    files = {
        "META-INF/container.xml": '<?xml version="1.0"?><container version="1.0" '
        'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>',
        "OEBPS/book.opf": '<?xml version="1.0" encoding="utf-8"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
        'unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">urn:halvarin:{target.stem}</dc:identifier><dc:title>{title}</dc:title>'
        f'<dc:language>{language}</dc:language><meta property="dcterms:modified">{BUILT:%Y-%m-%dT%H:%M:%SZ}</meta></metadata>'
        '<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        f"{items}</manifest><spine>{spine}</spine></package>",
        "OEBPS/nav.xhtml": _xhtml(language, title, f'<nav epub:type="toc"><ol>{links}</ol></nav>'),
    }
    files |= {f"OEBPS/{name}": _xhtml(language, title, _body(part)) for name, part in zip(names, chapters, strict=True)}
    with zipfile.ZipFile(target, "w") as book:
        # The format wants the media type first and stored, so that a reader can recognise the file by its first bytes.
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, text in files.items():
            book.writestr(name, text, zipfile.ZIP_DEFLATED)
    _freeze_zip(target)


def _xhtml(language: str, title: str, body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="{language}"><head><title>{title}</title></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def build_xlsx(source: Path, target: Path) -> None:
    """Writes a workbook from a CSV file; a row with one cell that starts with `#` opens a sheet of that name."""
    book = Workbook()
    book.remove(book.active)
    for row in csv.reader(source.read_text("utf-8").splitlines()):
        if len(row) == 1 and row[0].startswith("#"):
            book.create_sheet(row[0].removeprefix("#").strip())
        elif row:
            book.worksheets[-1].append([float(cell) if re.fullmatch(r"\d+\.\d+", cell) else cell for cell in row])
    book.save(target)
    _freeze_zip(target)


def _freeze_zip(path: Path) -> None:
    """Rewrites an archive with fixed times, since every zip entry and the Office properties hold the moment of writing."""
    stamp = f"{BUILT:%Y-%m-%dT%H:%M:%SZ}".encode()
    with zipfile.ZipFile(path) as archive:
        entries = [(entry.filename, entry.compress_type, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, compression, data in entries:
            fixed = re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>" + stamp, data) if name == "docProps/core.xml" else data
            archive.writestr(zipfile.ZipInfo(name, BUILT.timetuple()[:6]), fixed, compression)


BUILDERS: dict[str, Callable[[list[Block], str, Path], None]] = {
    ".docx": build_docx,
    ".pptx": build_pptx,
    ".html": build_html,
    ".txt": build_txt,
    ".epub": build_epub,
}


def main() -> None:
    """Builds every source and prints the documents with their sizes in bytes."""
    DOCUMENTS.mkdir(exist_ok=True)
    for source in sorted(SOURCES.iterdir()):
        target = DOCUMENTS / source.stem
        if target.suffix == ".xlsx":
            build_xlsx(source, target)
        else:
            language, blocks = read_source(source)
            if target.suffix == ".pdf":
                build_pdf([(block.kind, block.text) for block in blocks], language, target, BUILT)
            else:
                BUILDERS[target.suffix](blocks, language, target)
        print(f"{target.stat().st_size:8d}  {target.name}")


if __name__ == "__main__":
    main()
