"""Shaped PDFs whose text layer is exact.

A shaped Devanagari or Thai syllable is several glyphs, reordered and stacked, and PDF can only give each glyph characters of its own:
whatever reads the file back sees vowels out of place or lost. So each syllable is drawn once, by HarfBuzz, into one glyph of a small
font made for the document, and that glyph's ToUnicode entry is the whole syllable in its true order.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import uharfbuzz as hb
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph as TTGlyph
from fpdf import FPDF
from fpdf.fonts import Glyph, TTFFont
from pythainlp.tokenize import word_tokenize

FONTS = Path("/usr/share/fonts/truetype/noto")
SCRIPT_FONTS = {"hi": "NotoSansDevanagari", "th": "NotoSansThai"}
PRIVATE_USE = 0xE000
UNITS_PER_EM = 1000  # the same in all Noto fonts used here, so outlines can be mixed unscaled
SIZES = {"h1": 20, "h2": 14, "p": 11, "li": 11}
SPACE_BEFORE_MM = {"h1": 0, "h2": 5, "p": 2, "li": 1}
STYLES = {"": "Regular", "B": "Bold"}
A5_MM = (148.0, 210.0)
MARGIN_MM = 16
LINE_HEIGHT_MM = 0.6  # for each point of the font's size
HEADING_NEEDS_MM = 62  # the tallest paragraph here: a heading alone at the foot of a page helps nobody
FONT_TIME = 3_850_000_000  # 2026, in the seconds since 1904 that fonts count; fixed, so that a rebuild gives the same bytes


@dataclass(frozen=True, slots=True)
class Face:
    """One font file, open for shaping and for its outlines."""

    shaper: hb.Font
    font: TTFont
    characters: frozenset[int]


class SyllableFont:
    """A font in the making: one glyph for each syllable met, reached by a private-use character."""

    def __init__(self, language: str, style: str) -> None:
        names = [SCRIPT_FONTS[language], "NotoSans"]
        self._faces = [_open_face(FONTS / f"{name}-{style}.ttf") for name in names]
        self._glyphs: dict[str, tuple[TTGlyph, int]] = {}
        self.characters: dict[str, str] = {" ": " "}

    def encode(self, text: str) -> str:
        """The text as private-use characters, one a syllable; spaces stay as they are."""
        return "".join(self._character(syllable, face, glyphs) for syllable, face, glyphs in self._syllables(text))

    def _character(self, syllable: str, face: Face, glyphs: list[tuple[str, int, int, int]]) -> str:
        if syllable not in self.characters:
            self.characters[syllable] = chr(PRIVATE_USE + len(self._glyphs))
            self._glyphs[syllable] = _draw(face.font, glyphs)
        return self.characters[syllable]

    def _syllables(self, text: str) -> Iterator[tuple[str, Face, list[tuple[str, int, int, int]]]]:
        for run, face in self._runs(text):
            buffer = hb.Buffer()
            buffer.add_str(run)
            buffer.guess_segment_properties()
            buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_GRAPHEMES
            hb.shape(face.shaper, buffer)
            starts = sorted({info.cluster for info in buffer.glyph_infos})
            for start, end in zip(starts, [*starts[1:], len(run)], strict=True):
                glyphs = [
                    (face.font.getGlyphName(info.codepoint), place.x_advance, place.x_offset, place.y_offset)
                    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
                    if info.cluster == start
                ]
                yield run[start:end], face, glyphs

    def _runs(self, text: str) -> Iterator[tuple[str, Face]]:
        """Cuts the text where the first font that has the character changes; marks stay with their base."""
        start, current = 0, self._faces[0]
        for position, character in enumerate(text):
            face = next((face for face in self._faces if ord(character) in face.characters), None)
            if face is None:
                raise ValueError(f"The fonts have no U+{ord(character):04X}; take that character out of the source.")
            if face is not current and not unicodedata.category(character).startswith("M"):
                if position > start:
                    yield text[start:position], current
                start, current = position, face
        if text:
            yield text[start:], current

    def save(self, target: Path) -> None:
        """Writes the TrueType font with all the syllables encoded so far."""
        order = [".notdef", "space", *(f"s{number}" for number in range(len(self._glyphs)))]
        blank = TTGlyphPen(None).glyph()
        space = self._faces[0].font["hmtx"]["space"][0]
        glyphs = [blank, blank, *(glyph for glyph, _ in self._glyphs.values())]
        widths = [500, space, *(width for _, width in self._glyphs.values())]
        # Renderers shift an outline whose left side bearing is not its own left edge.
        metrics = {name: (width, getattr(glyph, "xMin", 0)) for name, width, glyph in zip(order, widths, glyphs, strict=True)}
        builder = FontBuilder(UNITS_PER_EM, isTTF=True)
        builder.setupGlyphOrder(order)
        builder.setupCharacterMap({0x20: "space"} | {PRIVATE_USE + n: f"s{n}" for n in range(len(self._glyphs))})
        builder.setupGlyf(dict(zip(order, glyphs, strict=True)))
        builder.setupHorizontalMetrics(metrics)
        builder.setupHorizontalHeader(ascent=1069, descent=-293)
        builder.setupNameTable({"familyName": "Glossa Sample Syllables", "styleName": "Regular", "psName": "GlossaSampleSyllables"})
        builder.setupOS2(sTypoAscender=1069, sTypoDescender=-293, usWinAscent=1069, usWinDescent=293)
        builder.setupPost()
        builder.updateHead(created=FONT_TIME, modified=FONT_TIME)
        builder.font.recalcTimestamp = False
        builder.save(str(target))


def _open_face(path: Path) -> Face:
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; install Debian's package fonts-noto-core.")
    font = TTFont(path)
    return Face(hb.Font(hb.Face(hb.Blob.from_file_path(str(path)))), font, frozenset(font.getBestCmap()))


def _draw(font: TTFont, glyphs: list[tuple[str, int, int, int]]) -> tuple[TTGlyph, int]:
    """One outline made of the glyphs of a syllable at their shaped places, and its advance width."""
    outlines, pen, across = font.getGlyphSet(), TTGlyphPen(None), 0
    for name, advance, dx, dy in glyphs:
        recording = DecomposingRecordingPen(outlines)
        outlines[name].draw(recording)
        recording.replay(TransformPen(pen, (1, 0, 0, 1, across + dx, dy)))
        across += advance
    outline = pen.glyph()
    outline.recalcBounds(None)
    return outline, across


def build_pdf(blocks: list[tuple[str, str]], language: str, target: Path, built: datetime) -> None:
    """Writes an A5 PDF from (kind, text) blocks; `kind` is `h1`, `h2`, `li` or `p`. Raises FileNotFoundError without the fonts."""
    pdf = FPDF(format=A5_MM)
    pdf.set_creation_date(built)
    pdf.set_lang(language)
    pdf.set_title(blocks[0][1])
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(True, MARGIN_MM)
    fonts = {style: SyllableFont(language, name) for style, name in STYLES.items()} if language in SCRIPT_FONTS else {}
    encoded = []
    for kind, text in blocks:
        style = "B" if kind.startswith("h") else ""
        words = _words(f"• {text}" if kind == "li" else text, language)
        encoded.append((kind, style, [fonts[style].encode(word) for word in words] if fonts else words))
    _add_fonts(pdf, fonts)
    pdf.add_page()
    for kind, style, words in encoded:
        _write_block(pdf, kind, style, words)
    for style, font in fonts.items():
        _map_to_syllables(pdf, "body" + style, font)
    pdf.output(str(target))


def _write_block(pdf: FPDF, kind: str, style: str, words: list[str]) -> None:
    pdf.ln(SPACE_BEFORE_MM[kind])
    pdf.set_font("body", style, SIZES[kind])
    lines, height = list(_lines(words, pdf.epw, pdf.get_string_width)), SIZES[kind] * LINE_HEIGHT_MM
    _keep_together(pdf, len(lines) * height + (HEADING_NEEDS_MM if kind == "h2" else 0))
    for line in lines:
        pdf.cell(0, height, line, new_x="LMARGIN", new_y="NEXT")


def _keep_together(pdf: FPDF, height: float) -> None:
    """Starts a new page for a paragraph that would be cut, so that every sentence can be quoted from one page."""
    if pdf.will_page_break(height):
        pdf.add_page()


def _words(text: str, language: str) -> list[str]:
    """The places where a line may break: after spaces, and in Thai between words."""
    if language == "th":
        return list(word_tokenize(text))
    return [part + " " for part in text.split(" ")]


def _lines(words: list[str], width: float, measure: Callable[[str], float]) -> Iterator[str]:
    line = ""
    for word in words:
        if line and measure((line + word).rstrip()) > width - 2:
            yield line.rstrip()
            line = word.lstrip()
        else:
            line += word
    yield line.rstrip()


def _add_fonts(pdf: FPDF, fonts: dict[str, SyllableFont]) -> None:
    with TemporaryDirectory() as folder:
        for style, name in STYLES.items():
            path = FONTS / f"NotoSans-{name}.ttf"
            if style in fonts:
                path = Path(folder) / f"{name}.ttf"
                fonts[style].save(path)
            pdf.add_font("body", style, path)


def _map_to_syllables(pdf: FPDF, key: str, font: SyllableFont) -> None:
    """Gives each private-use glyph its syllable as ToUnicode text; fpdf2 has no public way to say so."""
    syllables = {ord(character): tuple(map(ord, syllable)) for syllable, character in font.characters.items()}
    embedded = pdf.fonts[key]
    if not isinstance(embedded, TTFFont):
        raise TypeError(f"Font {key!r} is a {type(embedded).__name__}; expected the TrueType font that was added before.")
    mapped: dict[Glyph | None, int] = {}
    for glyph, code in embedded.subset.items():
        if glyph is not None and isinstance(glyph.unicode, tuple):
            syllable = syllables.get(glyph.unicode[0], glyph.unicode)
            mapped[Glyph(glyph.glyph_id, syllable, glyph.glyph_name, glyph.glyph_width)] = code
        else:
            mapped[glyph] = code
    embedded.subset._char_id_per_glyph = mapped
