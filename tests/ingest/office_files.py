"""Small Office files for tests: written by the usual libraries, with raw XML where they have no words for it."""

import io
import re
import zipfile
from collections.abc import Callable, Mapping

from docx import Document
from docx.oxml import parse_xml

SPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
    "xdr": "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing",
}
NAMESPACES = " ".join(f'xmlns:{prefix}="{space}"' for prefix, space in SPACES.items())
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CHART = (
    f"<c:chartSpace {NAMESPACES}><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Share of votes</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    "<c:plotArea><c:pieChart><c:ser><c:tx><c:v>2025</c:v></c:tx><c:cat><c:strLit><c:pt idx='0'><c:v>Yes</c:v></c:pt>"
    "<c:pt idx='1'><c:v>No</c:v></c:pt></c:strLit></c:cat><c:val><c:numLit><c:formatCode>0%</c:formatCode>"
    "<c:pt idx='0'><c:v>0.75</c:v></c:pt><c:pt idx='1'><c:v>0.25</c:v></c:pt></c:numLit></c:val></c:ser>"
    "</c:pieChart></c:plotArea></c:chart></c:chartSpace>"
)
DIAGRAM = (
    f"<dgm:dataModel {NAMESPACES}><dgm:ptLst><dgm:pt modelId='d' type='doc'/>"
    "<dgm:pt modelId='b'><dgm:t><a:p><a:r><a:t>Second</a:t></a:r></a:p></dgm:t></dgm:pt>"
    "<dgm:pt modelId='a'><dgm:t><a:p><a:r><a:t>First</a:t></a:r></a:p></dgm:t></dgm:pt>"
    "<dgm:pt modelId='p' type='pres'><dgm:t><a:p><a:r><a:t>Layout</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst><dgm:cxnLst>"
    "<dgm:cxn modelId='1' srcId='d' destId='a' srcOrd='0'/><dgm:cxn modelId='2' srcId='d' destId='b' srcOrd='1'/></dgm:cxnLst>"
    "</dgm:dataModel>"
)


def docx(*blocks: str, numbering: str = "", parts: Mapping[str, tuple[str, bytes]] | None = None) -> bytes:
    """A document of these blocks of WordprocessingML; `numbering` replaces the list definitions, `parts` by id are a kind and its bytes."""
    document = Document()
    body = document.element.body
    for block in blocks:
        body.insert(len(body) - 1, parse_xml(re.sub(r"^<([\w:]+)", rf"<\1 {NAMESPACES}", block)))
    if numbering:
        element = document.part.numbering_part.element
        for child in list(element):
            element.remove(child)
        for child in parse_xml(f"<w:numbering {NAMESPACES}>{numbering}</w:numbering>"):
            element.append(child)
    out = io.BytesIO()
    document.save(out)
    return with_parts(out.getvalue(), "word/document.xml", parts or {})


def with_parts(content: bytes, owner: str, parts: Mapping[str, tuple[str, bytes]]) -> bytes:
    """The same file with parts that `owner` relates to: `id: (kind and file name, bytes)`, such as {"rId90": ("chart/c.xml", b"...")}."""
    lines = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{name.split("/")[0]}" Target="{name.split("/")[1]}"/>' for key, (name, _) in parts.items()
    )
    folder, _, file = owner.rpartition("/")
    rels = f"{folder}/_rels/{file}.rels"
    found = members(content)
    old = found.get(rels, b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>')
    found[rels] = old.replace(b"</Relationships>", lines.encode() + b"</Relationships>")
    found |= {f"{folder}/{name.split('/')[1]}": data for name, data in parts.values()}
    return zipped(found)


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data, zipfile.ZIP_STORED if name == "mimetype" else None)
    return out.getvalue()


def strict(content: bytes) -> bytes:
    """The same file in the namespaces of Strict Office Open XML."""
    named = re.compile(
        rb"http://schemas\.openxmlformats\.org/(officeDocument|wordprocessingml|spreadsheetml|presentationml|drawingml)/2006/"
    )
    return zipped({name: named.sub(rb"http://purl.oclc.org/ooxml/\1/", data) for name, data in members(content).items()})


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    save(out)
    return out.getvalue()


def paragraph(text: str = "", *, numbered: tuple[int, int] | None = None, style: str = "", inside: str = "") -> str:
    """A paragraph; `numbered` is its list and level, `inside` further markup behind its text."""
    number = f'<w:numPr><w:ilvl w:val="{numbered[1]}"/><w:numId w:val="{numbered[0]}"/></w:numPr>' if numbered else ""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    run = f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>' if text else ""
    return f"<w:p><w:pPr>{named}{number}</w:pPr>{run}{inside}</w:p>"


def odf(kind: str, body: str, *, styles: str = "", parts: Mapping[str, bytes] | None = None) -> bytes:
    """An OpenDocument file of that kind (text, spreadsheet, presentation) with this content."""
    spaces = {"office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style", "presentation": "presentation",
              "chart": "chart"}  # fmt: skip
    named = " ".join(f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"' for prefix, space in spaces.items())
    content = (
        f'<office:document-content {named} xmlns:xlink="http://www.w3.org/1999/xlink"><office:automatic-styles>{styles}'
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    mimetype = f"application/vnd.oasis.opendocument.{kind}".encode()
    return zipped({"mimetype": mimetype, "content.xml": content.encode(), **(parts or {})})
