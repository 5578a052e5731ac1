"""HTML, Markdown, EPUB and plain text: what a reader sees, nothing that hides, cut where the text itself is cut."""

import zipfile
from pathlib import Path

import pytest

from ingest.encoding import detect_encoding
from ingest.formats import parse
from ingest.magic import sniff
from ingest.media_types import EPUB, HTML, MARKDOWN, TEXT
from rag.errors import TooLarge, Unreadable
from rag.records import Page
from rag.settings import ParseLimits

THAI = "บริษัทให้วันลาพักร้อนปีละสิบห้าวัน พนักงานต้องแจ้งล่วงหน้าอย่างน้อยเจ็ดวัน"


def pages_of(path: Path, data: bytes | str, media_type: str) -> list[Page]:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(parse(path, media_type))


def test_html_keeps_only_what_is_seen_and_is_cut_at_headings(tmp_path: Path) -> None:
    html = """<!doctype html><html><head><title>Handbook</title><style>p{}</style><script>steal()</script></head><body>
      <nav>ghost</nav><p>Intro   text<!-- note --> with <b>bold</b>.</p><p hidden>ghost</p><p style="display: none">ghost</p>
      <h1>Leave</h1><p>Thirty<br>days.</p><template>ghost</template>
      <table><tr><th>City</th><th>Rate</th></tr><tr><td><p>Bern</p></td><td>120</td></tr></table>
      <h2>Sick <i>days</i></h2><ul><li>Call</li><li>Rest</li></ul><noscript>ghost</noscript></body></html>"""
    pages = pages_of(tmp_path / "a", html, HTML)
    assert [page.label for page in pages] == ["Handbook", "Leave", "Sick days"]
    assert pages[0].text == "Intro text with bold."
    assert pages[1].text == "Leave\n\nThirty\ndays.\n\nCity | Rate\n\nBern | 120"
    assert pages[2].text == "Sick days\n\nCall\n\nRest"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_html_is_read_in_its_own_encoding(tmp_path: Path, encoding: str) -> None:
    html = "<html><head><meta charset='iso-8859-1'></head><body>Größe für alle</body></html>"
    assert [page.text for page in pages_of(tmp_path / "a", html.encode(encoding), HTML)] == ["Größe für alle"]


def test_markdown_is_read_as_rendered_and_code_comments_are_no_headings(tmp_path: Path) -> None:
    source = "---\ntitle: Guide\n---\n# Start\n\nSee [the **docs**](https://x.example).\n\n```sh\n# not a heading\nmake run\n```\n"
    source += "\n## Next\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    pages = pages_of(tmp_path / "a", source, MARKDOWN)
    assert [page.label for page in pages] == ["", "Start", "Next"]
    assert [page.text for page in pages[:2]] == ["title: Guide", "Start\n\nSee the docs.\n\n# not a heading\nmake run"]
    assert pages[2].text.endswith("a | b\n\n1 | 2")


def test_markup_larger_than_a_part_may_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("<p>" + "x" * 2_000)
    with pytest.raises(TooLarge, match="at most 1,000 are read"):
        list(parse(tmp_path / "a", HTML, ParseLimits(part_bytes=1_000)))


def epub(path: Path, chapters: dict[str, str], extra: dict[str, str] | None = None) -> Path:
    items = "".join(f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(chapters))
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(chapters)))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", EPUB)
        archive.writestr("META-INF/container.xml", '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>')
        body = f"<manifest>{items}</manifest><spine>{spine}</spine>"
        archive.writestr("OEBPS/book.opf", f'<package xmlns="http://www.idpf.org/2007/opf">{body}</package>')
        for name, text in {**{f"OEBPS/{key}": value for key, value in chapters.items()}, **(extra or {})}.items():
            archive.writestr(name, text)
    return path


def test_an_epub_gives_its_chapters_in_reading_order(tmp_path: Path) -> None:
    path = epub(tmp_path / "a", {"z.xhtml": "<html><body><h1>One</h1><p>First.</p></body></html>", "a.xhtml": "<h1>Two</h1>"})
    assert sniff(path, "a.epub") == EPUB
    assert [(page.label, page.text) for page in parse(path, EPUB)] == [("One", "One\n\nFirst."), ("Two", "Two")]


def test_a_protected_epub_says_so(tmp_path: Path) -> None:
    lock = '<encryption><EncryptedData><CipherData><CipherReference URI="OEBPS/a.xhtml"/></CipherData></EncryptedData></encryption>'
    path = epub(tmp_path / "a", {"a.xhtml": "<p>x</p>"}, {"META-INF/encryption.xml": lock})
    with pytest.raises(Unreadable, match="DRM"):
        list(parse(path, EPUB))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp874"])
def test_thai_text_is_read_in_every_encoding_it_is_written_in(tmp_path: Path, encoding: str) -> None:
    assert [page.text for page in pages_of(tmp_path / "a", THAI.encode(encoding), TEXT)] == [THAI]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Die Gebühr beträgt zwölf Euro, fällig am Ende des Monats. Übliche Grüße aus Köln.", "cp1252"),
        ("L'été dernier, la société a créé une école à Orléans ; les élèves étaient très motivés.", "cp1252"),
        ("A manutenção não é necessária até à próxima revisão; informações na recepção.", "iso-8859-15"),
    ],
)
def test_european_code_pages_are_told(tmp_path: Path, text: str, encoding: str) -> None:
    assert [page.text for page in pages_of(tmp_path / "a", text.encode(encoding), TEXT)] == [text]


def test_a_code_page_is_told_from_where_the_file_stops_being_ascii(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"plain line\n" * 300_000 + "Straße und Gebühr, fällig in Köln\n".encode("cp1252"))
    last = list(parse(tmp_path / "a", TEXT))[-1]
    assert last.text.endswith("Straße und Gebühr, fällig in Köln")


def test_random_bytes_have_no_encoding(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes((i * 7919 + i // 256) % 255 + 1 for i in range(5_000)))
    assert detect_encoding(tmp_path / "a") is None


def test_long_text_is_cut_at_paragraphs_and_no_line_is_lost(tmp_path: Path) -> None:
    lines = [("word " * 30).strip() + f" {n}" if n % 5 else "" for n in range(400)]
    pages = pages_of(tmp_path / "a", "\n".join(lines), TEXT)
    assert max(len(page.text) for page in pages) <= 8_000
    assert all(page.text.splitlines()[-1].endswith(("4", "9")) for page in pages)
    assert [line for page in pages for line in page.text.splitlines() if line] == [line for line in lines if line]


def test_one_endless_line_is_cut_at_spaces(tmp_path: Path) -> None:
    pages = pages_of(tmp_path / "a", "word " * 10_000, TEXT)
    assert max(len(page.text) for page in pages) <= 8_000
    assert {word for page in pages for word in page.text.split()} == {"word"}
