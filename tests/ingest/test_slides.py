"""PPTX: other members of the kinds in the table of cases, each made here."""

import io
from pathlib import Path

import pytest
from PIL import Image
from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.oxml import parse_xml
from pptx.util import Inches

from ingest.formats import parse
from ingest.media_types import PPTX
from rag.records import Page
from tests.ingest.office_files import NAMESPACES, members, saved, strict, zipped

PLACE = (Inches(1), Inches(1), Inches(4), Inches(3))


def read(folder: Path, content: bytes) -> list[Page]:
    path = folder / "a.pptx"
    path.write_bytes(content)
    return list(parse(path, PPTX))


def test_a_chart_gives_titles_categories_and_the_values_of_each_series(tmp_path: Path) -> None:
    deck = Presentation()
    data = CategoryChartData(number_format="0%")
    data.categories = ["Kiel", "Bonn"]
    data.add_series("2024", (0.25, 0.5))
    data.add_series("2025", (0.3, None))
    chart = deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_chart(XL_CHART_TYPE.LINE, *PLACE, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Occupancy"
    chart.value_axis.has_title = True
    chart.value_axis.axis_title.text_frame.text = "Share"
    points = XyChartData()
    points.add_series("Trial").add_data_point(1.5, 20)
    deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, *PLACE, points)
    assert [page.text for page in read(tmp_path, saved(deck.save))] == [
        "Occupancy\nShare\nKiel; 2024: 25%; 2025: 30%\nBonn; 2024: 50%",
        "1.5; Trial: 20",
    ]


def test_a_chart_without_values_and_pictures_are_noted(tmp_path: Path) -> None:
    deck = Presentation()
    data = CategoryChartData()
    data.categories = ["Kiel"]
    data.add_series("2024", (1,))
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Sales"
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, *PLACE, data)
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    slide.shapes.add_picture(picture, 0, 0)
    content = members(saved(deck.save))
    (part,) = [name for name in content if name.startswith("ppt/charts/chart")]
    content[part] = (
        b"".join(content[part].split(b"<c:v>")[:1]).rpartition(b"<c:ser>")[0] + b"</c:pieChart></c:plotArea></c:chart></c:chartSpace>"
    )
    (page,) = read(tmp_path, zipped(content))
    assert page.text == "Sales"
    assert set(page.notes) == {"A chart holds no data: it cannot be read.", "Pictures are not read."}


@pytest.mark.parametrize("convert", [lambda content: content, strict])
def test_slides_are_read_in_order_in_both_dialects(tmp_path: Path, convert: object) -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Plan"
    slide.placeholders[1].text = "First\nSecond"
    table = slide.shapes.add_table(2, 2, *PLACE).table
    table.cell(0, 0).text, table.cell(0, 1).text, table.cell(1, 1).text = "Q1", "ship", "sell"
    table.cell(0, 0).merge(table.cell(1, 0))
    slide.notes_slide.notes_text_frame.text = "Slowly."
    deck.slides.add_slide(deck.slide_layouts[6])
    assert callable(convert)
    assert [page.text for page in read(tmp_path, convert(saved(deck.save)))] == [
        "Plan\n\nFirst\nSecond\nQ1 | ship\nQ1 | sell\n\nNotes: Slowly.",
        "",
    ]


def test_numbered_paragraphs_and_symbols_are_text(tmp_path: Path) -> None:
    deck = Presentation()
    box = deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_textbox(*PLACE)
    body = box.text_frame._txBody
    for paragraph in list(body.iterchildren("{http://schemas.openxmlformats.org/drawingml/2006/main}p")):
        body.remove(paragraph)
    for kind, text in [("arabicPeriod", "one"), ("arabicPeriod", "two"), ("romanUcParenR", "first"), ("", "\uf0fe done")]:
        number = f'<a:buAutoNum type="{kind}"/>' if kind else ""
        body.append(parse_xml(f"<a:p {NAMESPACES}><a:pPr>{number}</a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>"))
    assert [page.text for page in read(tmp_path, saved(deck.save))] == ["1. one\n2. two\nI) first\n☑ done"]
