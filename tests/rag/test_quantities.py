import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.analyzers import analyze
from rag.quantities import missing_specifics, quantities
from rag.sounds import sounds

INVOICES = [
    "Rechnung 1: Der Betrag von 1.234,50 Euro ist am 12.03.2025 fällig.",
    "Rechnung 2: Der Betrag von 1.324,50 Euro ist am 03.12.2025 fällig.",
    "Rechnung 3: Der Betrag von 12.345,00 Euro ist am 13.02.2025 fällig.",
]
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "hi": "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
    "th": "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม",
}
DAY = {"de": "12. {} 2025", "es": "12 de {} de 2025", "pt": "12 de {} de 2025", "hi": "१२ {} २०२५", "th": "12 {} 2568"}


def terms(text: str, language: str = "und") -> list[str]:
    return [found.term for found in quantities(text, language)]


@pytest.mark.parametrize("language", MONTHS)
@pytest.mark.parametrize("read_as", ["en", "de", "hi", "th"])
def test_every_month_of_every_language_is_read_in_a_text_of_any_language(language: str, read_as: str) -> None:
    for month, name in enumerate(MONTHS[language].split(), 1):
        assert terms(DAY.get(language, "12 {} 2025").format(name), read_as) == [f"d:2025-{month:02}-12"]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "1.234,50", ["n:1234.5"]),
        ("en", "1,234.50", ["n:1234.5"]),
        ("en", "1234.5", ["n:1234.5"]),
        ("fr", "1 234,50 €", ["n:1234.5"]),
        ("fr", "1\u202f234,50", ["n:1234.5"]),
        ("de", "1'234.50", ["n:1234.5"]),
        ("hi", "१,२३,४५६", ["n:123456"]),
        ("de", "1.234", ["n:1234"]),
        ("en", "1.234", ["n:1.234"]),
        ("en", "10 000 people", ["n:10000"]),
        ("en", "1,2,3", ["n:1", "n:2", "n:3"]),
        ("en", "72 119 205", ["n:72", "n:119", "n:205"]),
        ("hi", "१५", ["n:15"]),
        ("und", "１５ ١٥", ["n:15", "n:15"]),
        ("en", "the 12th", ["n:12"]),
        ("en", "2024-2025", ["n:2024", "n:2025"]),
        ("de", "2,5 l", ["q:2.5l"]),
        ("en", "2.5 litres, 2.5 L, 2500 ml", ["q:2.5l", "q:2.5l", "q:2.5l"]),
        ("hi", "2.5 लीटर", ["q:2.5l"]),
        ("th", "30 วันทำการ", ["q:30day"]),
        ("de", "30 Tage", ["q:30day"]),
        ("en", "a 30-day trial", ["q:30day"]),
        ("de", "2,50 %", ["q:2.5%"]),
        ("en", "7.5 t = 7500 kg", ["q:7500000g", "q:7500000g"]),
        ("en", "March 12, 2025", ["d:2025-03-12"]),
        ("en", "12th of March 2025", ["d:2025-03-12"]),
        ("de", "12.03.2025-14.03.2025", ["d:2025-03-12", "d:2025-03-14"]),
        ("en", "03/12/2025", ["d:2025-03-12"]),
        ("en", "03.12.2025", ["d:2025-12-03"]),
        ("en", "25/12/2025", ["d:2025-12-25"]),
        ("fr", "03/12/2025", ["d:2025-12-03"]),
        ("th", "12/03/2568", ["d:2025-03-12"]),
        ("th", "12 มี.ค. 2568", ["d:2025-03-12"]),
        ("fr", "1er août 2025, en août 2025, d'août 2025", ["d:2025-08-01", "d:2025-08", "d:2025-08"]),
        ("pt", "1º de março de 2025", ["d:2025-03-01"]),
        ("hi", "10 सितम्बर 2024", ["d:2024-09-10"]),
        ("en", "2025-03-12T08:30:00Z", ["d:2025-03-12"]),
        ("de", "am 12.03. und am 5. Mai", ["d:--03-12", "d:--05-05"]),
        ("en", "Section 12 may not apply; 3 years ago 2025", ["n:12", "q:3year", "n:2025"]),
        ("en", "30.02.2025, 99/99/2025", ["c:30.02.2025", "n:99", "n:99", "n:2025"]),
        ("en", "08:30, 8:30 am, 8.30 Uhr, 8h30", ["t:08:30", "t:08:30", "t:08:30", "t:08:30"]),
        ("en", "8 pm", ["t:20:00"]),
        ("en", "RTX-4090, RTX 4090, rtx4090, RTX‑4090-Karte", ["c:rtx4090"] * 4),
        ("en", "PPR 9087", ["c:ppr9087"]),
        ("en", "20250811-7", ["c:202508117"]),
        ("en", "EUR 500", ["n:500"]),
        ("en", "notes--RTX-4090 März--12", ["c:rtx4090", "n:12"]),
        ("en", "THE TOTAL OF 20 IS NOT A CODE", ["n:20"]),
        ("de", "§ 14 Abs. 2, §14 (2), § 15", ["c:§14.2", "c:§14.2", "c:§15"]),
        ("en", "DE89 3704 0044 0532 0130 00", ["c:de89370400440532013000"]),
        ("hi", "GST-27AAPFU0939F1ZV", ["c:gst27aapfu0939f1zv"]),
        ("en", "004711 v1.2.3 192.168.0.1", ["c:004711", "c:1.2.3", "c:192.168.0.1"]),
        ("en", "no digits in May", []),
    ],
)
def test_a_text_gives_these_terms(language: str, text: str, expected: list[str]) -> None:
    assert terms(text, language) == expected


def test_spans_and_wider_terms_are_given() -> None:
    (date,) = quantities("bis 12. März 2025.", "de")
    assert (date.start, date.end, date.kind) == (4, 17, "d")
    assert date.also == ("d:2025-03", "d:--03-12", "n:2025")


@pytest.mark.parametrize(
    ("question", "right"),
    [("Which invoice is for 1234.50 euros?", 0), ("Which invoice is due on 12 March 2025?", 0), ("Which invoice is due on 2025-12-03?", 1)],
)
def test_the_terms_of_a_question_single_out_the_right_invoice(question: str, right: int) -> None:
    for lines in (
        [set(analyze(line, "de")) for line in INVOICES],
        [{term.removeprefix("#") for term in sounds(line, "de")} for line in INVOICES],
    ):
        exact = terms(question, "en")[0][2:]
        assert [exact in line for line in lines] == [index == right for index in range(3)]
        assert exact in analyze(question, "de", written_in="en")


@pytest.mark.parametrize("question", ["Fälligkeit 12. März 2025", "12 March 2025", "12 मार्च 2025", "12 มีนาคม 2568", "2025-03-12"])
def test_a_date_meets_itself_across_languages(question: str) -> None:
    assert "#2025-03-12" in set(sounds(question)) & set(sounds(INVOICES[0], "de"))


def test_the_language_of_a_question_reads_what_is_ambiguous_in_it() -> None:
    assert "2025-03-12" in analyze("due on 03/12/2025", "de", written_in="en")
    assert "2025-12-03" in analyze("due on 03/12/2025", "de")


def test_specifics_that_a_passage_lacks_are_told() -> None:
    cards = "The graphics card RTX-4090 needs 450 watts. The graphics card RTX-4070 needs 200 watts."
    assert missing_specifics("How much power does the RTX-5090 need?", cards) == ["c:rtx5090"]
    assert missing_specifics("How much power does the rtx 4090 need?", cards) == []
    assert missing_specifics("And the RTX 4090?", "die rtx 4090 braucht 450 Watt") == []
    assert missing_specifics("Which card needs 0.45 kW?", cards) == []
    assert missing_specifics("Who won the world cup in 2018?", "a silicone button that fits many models") == ["n:2018"]
    assert missing_specifics("Who won the world cup in 2018?", "Am 15.07.2018 gewann Frankreich.") == []
    assert missing_specifics("Name 3 of the 12 rules", "The rules are these.") == ["n:12"]
    assert missing_specifics("Which period does § 14 Abs. 3 set?", "Nach § 14 Abs. 2 beträgt die Frist sechs Wochen.") == ["c:§14.3"]
    assert missing_specifics("What is PPR-9087 made of?", "PPR-9078;steel;216 PPR-9087X;zinc;1") == ["c:ppr9087"]
    assert missing_specifics("Due on 12 March 2025?", INVOICES[1], question_language="en", passage_language="de") == ["d:2025-03-12"]


@pytest.mark.parametrize(
    "near", ["1.", "1,", "1-", "a1", "a-", "1 ", "123 ", "1'1", "12 Mar", "DE89 ", "A1-", "§ ", "12.03.", "1:1", "२०", "-", "มี", "PPR "]
)
def test_repeated_near_misses_take_linear_time(near: str) -> None:
    def seconds(characters: int) -> float:
        text = near * (characters // len(near))
        begin = time.process_time()
        quantities(text, "de")
        quantities(text + "x", "th")
        return time.process_time() - begin

    assert seconds(65536) < 32 * max(seconds(8192), 0.005)  # 8 times the text; quadratic time would be 64 times as long


PIECES = [
    "12",
    "03",
    "2025",
    "२०२५",
    "März",
    "March",
    "มีนาคม",
    "RTX",
    "§",
    "Abs.",
    "litres",
    "Uhr",
    "pm",
    "th",
    *" .,-/:'_(",
    "\u202f",
    "İ",
    "é",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=20).map("".join), st.sampled_from([*MONTHS, "und"]))
def test_spans_are_in_order_and_hold_a_digit(text: str, language: str) -> None:
    at = 0
    for found in quantities(text, language):
        assert at <= found.start < found.end <= len(text)
        assert re.search(r"\d", text[found.start : found.end])
        at = found.end
    assert all(term and not re.search(r"\s", term) for term in analyze(text, language))


def test_a_version_is_the_same_with_and_without_its_v() -> None:
    notes = "[v3.23.0] - 2026-07-13"
    assert missing_specifics("When was version 3.23.0 released?", notes) == []
    assert missing_specifics("When was v3.23.1 released?", notes) == ["c:3.23.1"]
