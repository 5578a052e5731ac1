"""Numbers and dates in the format codes of spreadsheets, as Excel and LibreOffice show them."""

import pytest

from ingest.number_formats import BUILTIN, shown, text_shown
from ingest.regional import region_of
from ingest.sheet_language import guessed

ACCOUNTING = '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-'


@pytest.mark.parametrize(
    ("value", "code", "language", "text"),
    [
        (0.025, BUILTIN[10], "de", "2,50 %"),
        (0.025, "0.0%", "en", "2.5%"),
        (1234.5, '#,##0.00 "€"', "de", "1.234,50 €"),
        (1234.5, "[$€-407] #,##0.00", "en", "€ 1,234.50"),
        (-1234.5, ACCOUNTING, "de", "-1.234,50 €"),
        (0, ACCOUNTING, "de", "- €"),
        (1234567.891, "#,##0", "fr", "1\u202f234\u202f568"),
        (-5, "#,##0_);(#,##0)", "en", "(5)"),
        (-5, "0.00;[Red]-0.00", "en", "-5.00"),
        (-0.001, "0.00", "en", "0.00"),
        (0, '0;-0;"none"', "en", "none"),
        (5, ";;;", "en", ""),
        (5, '[>100]"many";[<=100]"few "0', "en", "few 5"),
        (4711, "000000", "de", "004711"),
        (5551234567, "(000) 000-0000", "en", "(555) 123-4567"),
        (1500000, '0.0,,"M"', "en", "1.5M"),
        (75, "0.##", "en", "75"),
        (12345, "0.00E+00", "en", "1.23E+04"),
        (0.5, "# ?/?", "en", "1/2"),
        (2.3333, "# ??/??", "en", "2 1/3"),
        (-3.5, 'General" km"', "de", "-3,5 km"),
        (0.1 + 0.2, "General", "en", "0.3"),
        (1e20, "0", "en", "100000000000000000000"),
        (45730, "DD.MM.YYYY", "de", "14.03.2025"),
        (45730, "dd/mm/yyyy", "de", "14.03.2025"),
        (45730, BUILTIN[14], "fr", "14/03/2025"),
        (45730, BUILTIN[14], "en", "2025-03-14"),
        (45730.75, "d. mmmm yyyy h:mm", "de", "14. März 2025 18:00"),
        (45730.75, "[$-409]mmm d, yyyy h:mm AM/PM", "de", "Mar 14, 2025 6:00 PM"),
        (45730, "[$-D00041E]d mmm bbbb", "en", "14 มี.ค 2568"),
        (0.3541666666666667, BUILTIN[20], "de", "08:30"),
        (0.3541666666666667, 'hh:mm" Uhr"', "de", "08:30 Uhr"),
        (1.5, "[h]:mm", "en", "36:00"),
        (60.5 / 86400, "mm:ss.0", "en", "01:00.5"),
        (1, "yyyy-mm-dd", "en", "1900-01-01"),
        (61, "yyyy-mm-dd", "en", "1900-03-01"),
        (1e10, "yyyy-mm-dd", "en", "10000000000"),
    ],
)
def test_a_number_is_shown_as_its_cell_shows_it(value: float, code: str, language: str, text: str) -> None:
    assert shown(value, code, region_of(language)) == text


def test_dates_may_count_from_1904() -> None:
    assert shown(44268, "yyyy-mm-dd", region_of("en"), from_1904=True) == "2025-03-14"


def test_a_text_may_have_a_form_too() -> None:
    assert text_shown("abc", '0;-0;0;"<"@">"') == "<abc>"
    assert text_shown("abc", "0.00") == "abc"


@pytest.mark.parametrize(
    "code", ["[", '"', "\\", "E+", "0E+", "/", "?/", "0/0", "[h", ";;;;;;", "%%%", ",,,", "0" * 5000, "yyyyyyyyyyyy[>]", "@@"]
)
@pytest.mark.parametrize("value", [0.0, -1.5, 1e300, 45730.5])
def test_a_code_that_is_none_is_no_fault(code: str, value: float) -> None:
    assert isinstance(shown(value, code, region_of("de")), str)


@pytest.mark.parametrize(
    ("words", "codes", "language"),
    [
        (["Artikel", "Preis", "Bestand"], [], "de"),
        (["Product", "Price", "Nora Beispiel", "Kiel"], [], "en"),
        (["Produit", "Prix", "Quantité"], [], "fr"),
        (["Producto", "Precio", "Año"], [], "es"),
        (["Produto", "Preço", "Mês"], [], "pt"),
        (["Prezzo", "Giacenza", "Città"], [], "it"),
        (["A", "B"], ["dd.mm.yyyy"], "de"),
        (["A", "B"], ["#,##0.00 [$€-407]"], "de"),
        (["A", "B"], [], "en"),
    ],
)
def test_a_workbook_is_shown_in_the_language_of_its_words(words: list[str], codes: list[str], language: str) -> None:
    assert guessed(words, codes) == language
