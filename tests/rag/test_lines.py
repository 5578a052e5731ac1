import pytest

from rag.lines import LineKind, author_lines


def lines(text: str) -> list[tuple[LineKind, str]]:
    return [(line.kind, text[line.start : line.end]) for line in author_lines(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Die regelmäßige Wochenarbeitszeit beträgt 37,5 Stunden bei\neiner Vollzeitstelle. In der Kernzeit von zehn bis fünfzehn Uhr\n"
        "sollen alle erreichbar sein.",
        "The centre-left Australian Labor Party (ALP),\nthe centre-right Liberal Party of Australia,\nthe rural-based National Party",
        "Dodgers, Los Angeles Angels of Anaheim; NHL\n(Los Angeles Kings, Anaheim Ducks); and MLS\nplay there in the season.",
        "Laut der Zählung von 1901 waren von 711.988\nEinwohnern 56,2% Katholiken, 35,7% Juden, 5%\ngriechisch-orthodox.",
        "Note: the pump is delivered with a hose that\nmust be connected before the first start.",
        "คู่มือเล่มนี้จัดทำขึ้นสำหรับพนักงานทุกคนของบริษัทฮัลวารินที่โรงงานใน\nอำเภอสันกำแพง จังหวัดเชียงใหม่ โรงงานแห่งนี้ประกอบไฟจักรยานทุกรุ่น",
        "दफ़्तर सुबह आठ बजे से रात नौ बजे तक खुला रहता है, और हर व्यक्ति अपनी\nसुविधा से आठ घंटे चुन सकता है।",
    ],
)
def test_prose_that_the_margin_wrapped_is_one_line(text: str) -> None:
    assert [line for _, line in lines(text)] == [text]


def test_a_labelled_value_that_the_margin_wrapped_is_one_line() -> None:
    text = "Name: steel bracket of the second kind\nUse: support in steel for the handlebars of\nall our bicycles\nPrice: 13.50"
    assert [line for _, line in lines(text)] == [
        "Name: steel bracket of the second kind",
        "Use: support in steel for the handlebars of\nall our bicycles",
        "Price: 13.50",
    ]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Total: 942.14 EUR", LineKind.LABEL),
        ("Montant total : 12", LineKind.LABEL),
        ("शुल्क: ₹५००", LineKind.LABEL),
        ("ราคา: 150 บาท", LineKind.LABEL),
        ("10:30 begins the tour", LineKind.TEXT),
        ("https://example.org/a", LineKind.TEXT),
        ("Item: Bolt; Price: 0.15", LineKind.PAIRS),
        ("Bolt | 0.15", LineKind.CELLS),
        ('{"a": 1},', LineKind.RECORD),
        ("• Peru", LineKind.ITEM),
        ("(ก) เปรู", LineKind.ITEM),
        ("The fee is 300 euros; students pay 150 euros.", LineKind.TEXT),
    ],
)
def test_the_form_of_a_line_shows_what_it_is(line: str, kind: LineKind) -> None:
    assert lines(line) == [(kind, line)]


def test_a_number_at_the_end_of_a_line_makes_a_row_only_beside_another() -> None:
    assert lines("Shipping 12.00\n\nWe send it.")[0] == (LineKind.TEXT, "Shipping 12.00")
    assert lines("Sales Tax (8.5%) 66.23\nShipping costs 12.00") == [
        (LineKind.AMOUNT, "Sales Tax (8.5%) 66.23"),
        (LineKind.AMOUNT, "Shipping costs 12.00"),
    ]


def test_capitalised_lines_that_end_before_the_margin_are_a_list() -> None:
    text = "Peruvian Mountain Guides Society\nKenyan Tea Company\nNepal Trekking\nNorway Fish and Sea Farms"
    assert [line for _, line in lines(text)] == text.split("\n")
