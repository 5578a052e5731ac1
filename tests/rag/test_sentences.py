from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from rag.sentences import LONG_SEGMENT, SLICE_CHARACTERS, sentence_spans


def sentences(text: str, language: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, language)]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["Dr. Smith paid $3.50 for it, e.g. in cash.", '"Is it good?" he asked.', "The U.S. market grew.", "Version 2.0 is out!"]),
        (
            "de",
            ["Dr. Müller zahlt z. B. 3,50 Euro.", "Am 3. Mai 2024 kam er an.", "„Ist das gut?“, fragte er.", "Siehe S. 14 bzw. Abb. 2."],
        ),
        ("fr", ["M. Dupont paie p. ex. 3,50 euros.", "« Est-ce bon ? » demanda-t-il.", "Mme. Durand arrive !", "Voir fig. 2."]),
        ("it", ["Il dott. Rossi paga ad es. 3,50 euro.", "È buono?", "Vedi pag. 14 e fig. 2.", "Fine."]),
        ("pt", ["O Sr. Silva pagou p. ex. 3,50 euros.", "A Dra. Ana chegou!", "Veja a pág. 14.", "Fim."]),
        ("hi", ["डॉ. शर्मा ने 3.50 रुपये दिए।", "क्या यह अच्छा है?", "हाँ!", "अंत"]),
        ("es", ["El Sr. López pagó p. ej. 3,50 euros.", "¿Es bueno?", "¡Sí!", "La Dra. García vive en EE. UU. desde 2010."]),
        ("und", ["Гарантия действует два года.", "Где инструкция?"]),
        ("ja", ["これはペンです。", "あれは本です。"]),
    ],
)
def test_sentences_end_at_stops_and_not_at_abbreviations_or_decimals(language: str, expected: list[str]) -> None:
    assert sentences(" ".join(expected), language) == expected


def test_thai_breaks_at_clause_spaces_and_not_at_numbers_names_or_connectives() -> None:
    expected = [
        "บริษัทตั้งอยู่ที่กรุงเทพฯ มีพนักงาน 120 คน และมีสาขา 3 แห่งในเชียงใหม่",
        "เปิดทำการวันจันทร์ถึงวันศุกร์ เวลา 9.00 น. ถึง 17.00 น. ยกเว้นวันหยุดราชการ",
        "ติดต่อคุณ John ที่ฝ่ายบริการลูกค้า โทร. 02-123-4567 ทุกวันทำการ",
    ]
    text = "  ".join(expected)
    assert sentences(text, "th") == expected


def test_thai_polite_particles_and_foreign_full_stops_end_a_sentence() -> None:
    assert sentences("ขอบคุณค่ะ กรุณารอสักครู่ Version 2 is released. ใช้งานได้แล้ว", "th") == [
        "ขอบคุณค่ะ",
        "กรุณารอสักครู่ Version 2 is released.",
        "ใช้งานได้แล้ว",
    ]


def test_lines_that_the_margin_wrapped_are_one_sentence() -> None:
    text = "The pump is delivered with a hose that must be\nconnected before the first start of the whole\nHyper Pump. Then open the valve."
    assert sentences(text, "en") == [text[:104], "Then open the valve."]


def test_headings_list_items_and_table_rows_are_sentences_of_their_own() -> None:
    text = "Installing the pump\nThe pump is delivered with a hose that must be connected\nfirst.\n\n"
    items = "- open it\n- close it\n1. Wait\n2. Look\nA | 3.5\nB | 4"
    assert sentences(text + items, "en") == [
        "Installing the pump",
        "The pump is delivered with a hose that must be connected\nfirst.",
        "- open it",
        "- close it",
        "1. Wait",
        "2. Look",
        "A | 3.5",
        "B | 4",
    ]


def test_every_line_of_an_unwrapped_text_ends_a_sentence() -> None:
    first, second = "ก" * 200, "ข" * 150
    assert sentences(f"{first}\n{second}", "th") == [first, second]


def test_a_stray_quotation_mark_does_not_swallow_the_page() -> None:
    text = 'He said "yes. ' + " ".join(f"Another sentence with the number {number} ends here." for number in range(40)) + ' And "so on.'
    assert max(map(len, sentences(text, "en"))) < LONG_SEGMENT


def test_a_long_page_keeps_its_sentences_across_the_slices_it_is_read_in() -> None:
    expected = [f"Questa è la frase numero {number} del manuale della pompa." for number in range(1000)]
    assert len(" ".join(expected)) > 5 * SLICE_CHARACTERS
    assert sentences(" ".join(expected), "it") == expected


LANGUAGE = st.sampled_from(["en", "de", "fr", "it", "pt", "hi", "es", "th", "und", "ja", "xx"])
PAGE = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "Dr. ",
                "z. B. ",
                "3.50",
                "।",
                ". ",
                "! ",
                "\n",
                "\n\n",
                "\r\n",
                " ",
                "«",
                '"',
                "- ",
                "1. ",
                "a) ",
                "|",
                "\t",
                "Wort ",
                "क्षमा",
                "น้ำดื่ม ",
                "ค่ะ",
            ]
        ),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
        st.sampled_from(["\u0301", "\u200d", "\u0e33", "\u094d", " \u0301", "\x1c", "\x0c"]),
    ),
    max_size=40,
).map("".join)


@given(PAGE, LANGUAGE)
def test_spans_hold_every_character_that_is_not_space_once_and_in_order(text: str, language: str) -> None:
    spans = sentence_spans(text, language)
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@given(PAGE, LANGUAGE)
def test_no_sentence_begins_inside_a_grapheme(text: str, language: str) -> None:
    visible = {match.start() + len(match[0]) - len(match[0].lstrip()) for match in regex.finditer(r"\X", text)}
    assert {start for start, _ in sentence_spans(text, language)} <= visible
