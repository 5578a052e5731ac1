from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.pieces import UNSTOPPED_MAX
from rag.units import CONTEXT_KINDS, LIST_CHARACTERS, LIST_ITEMS, Unit, UnitKind, units


def quotes(text: str, language: str) -> list[tuple[str, str]]:
    """The units that may answer, in order: each with the context that it needs, or ''."""
    return [
        ("" if unit.context is None else text[slice(*unit.context)], text[unit.start : unit.end])
        for unit in units(text, language)
        if unit.kind not in CONTEXT_KINDS
    ]


def kinds(text: str, language: str) -> list[tuple[str, str]]:
    return [(unit.kind.value, text[unit.start : unit.end]) for unit in units(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (
            "Visits\nThe gate opens at six. It closes at ten.",
            "en",
            [Unit(0, 6, UnitKind.HEADING), Unit(7, 29, UnitKind.SENTENCE), Unit(30, 47, UnitKind.SENTENCE, (7, 29))],
        ),
        (
            "Wer leitet das Labor?\nDr. Nora Beispiel leitet es.",
            "de",
            [Unit(0, 21, UnitKind.QUESTION), Unit(22, 50, UnitKind.SENTENCE, (0, 21))],
        ),
        ("Customer: Mara\nTotal: 942.14", "en", [Unit(0, 14, UnitKind.LABEL), Unit(15, 28, UnitKind.LABEL)]),
        ("Plan | Price\nPro | 19", "en", [Unit(0, 12, UnitKind.HEADING), Unit(13, 21, UnitKind.ROW, (0, 12))]),
        ('{"code": 1}\n{"code": 2}', "en", [Unit(0, 11, UnitKind.RECORD), Unit(12, 23, UnitKind.RECORD)]),
        (
            "Países:\n- Perú\n- Kenia\n- Capital: Lima",
            "es",
            [Unit(0, 38, UnitKind.LIST), Unit(23, 38, UnitKind.LABEL, (0, 7))],
        ),
        ("Heures :\n- Le bureau ouvre à neuf heures.", "fr", [Unit(0, 41, UnitKind.LIST), Unit(9, 41, UnitKind.ITEM, (0, 8))]),
    ],
)
def test_every_kind_of_unit_has_its_exact_span_and_context(text: str, language: str, expected: list[Unit]) -> None:
    assert units(text, language) == expected


def test_what_is_quoted_is_the_context_and_the_unit_in_the_order_of_the_text() -> None:
    text = "The course ends on 22 August. It is held in Kiel."
    assert [unit.quoted for unit in units(text, "en")] == [((0, 29),), ((0, 29), (30, 49))]


def test_lines_with_labels_are_units_of_their_own_whatever_their_length() -> None:
    text = (
        "Invoice 2025-118\nCustomer: Mara Testfall\nIBAN: DE00 1234 5678 9012 3456 00\nWarranty: 24 months\nCashier: Emil Probe\n"
        "Delivery date: 12 March 2025\nSales tax: 66.23 EUR\nTotal: 942.14 EUR"
    )
    assert quotes(text, "en") == [("", line) for line in text.split("\n")]


def test_receipt_lines_are_units_of_their_own() -> None:
    text = (
        "ORDER 20250811-7\nSubtotal 863.91\nSales Tax (8.5%) 66.23\nShipping 12.00\nTOTAL 942.14\nCashier: Emil Probe\n"
        "IBAN: DE00 1234 5678 9012 3456 00\nWarranty: 24 months"
    )
    assert quotes(text, "en") == [("", line) for line in text.split("\n")]


@pytest.mark.parametrize(
    "text",
    [
        "Product; Region; Revenue\nProduct: Widget A; Region: North; Revenue: 5000\nProduct: Widget B; Region: North; Revenue: 1200",
        "Part; Material; Weight in g\nPart: PPR-4867; Material: brass; Weight in g: 126\nPart: PPR-5969; Material: steel; Weight in g: 73",
        "Item; Price\nItem: Bolt; Price: 0.15\nItem: Nut; Price: 0.09",
    ],
)
def test_rows_that_name_their_columns_need_no_header(text: str) -> None:
    header, *rows = text.split("\n")
    assert kinds(text, "en")[0] == ("heading", header)
    assert quotes(text, "en") == [("", row) for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        "Part;Material;Weight in g\nPPR-4867;brass;126\nPPR-5969;steel;73",
        "Product,Region,Revenue\nWidget A,North,5000\nWidget B,North,1200\nWidget C,South,3000",
        "Item,Price\nBolt,0.15\nNut,0.09",
        "Artikel; Preis\nÖse; 1,20\nÄxte; 39,00",
        "Item Price Stock\nBolt M8 0.15 1200\nNut M8 0.09 3450\nWasher 0.02 9000",
        "Jahr | Tage\n2024 | 28\n2025 | 30",
    ],
)
def test_rows_without_names_have_their_header_as_context(text: str) -> None:
    header, *rows = text.split("\n")
    assert quotes(text, "de") == [(header, row) for row in rows]


def test_a_header_in_two_rows_is_the_context_of_the_rows_below() -> None:
    text = "Plan | Price\n\nMonth | Year\n\nBasic | 9 | 90\n\nPro | 19 | 190"
    header = "Plan | Price\n\nMonth | Year"
    assert quotes(text, "en") == [(header, "Basic | 9 | 90"), (header, "Pro | 19 | 190")]


def test_a_table_that_goes_on_from_another_page_has_no_header() -> None:
    assert quotes("Drill 6 mm 4.95 80\nDrill 8 mm 6.20 35", "en") == [("", "Drill 6 mm 4.95 80"), ("", "Drill 8 mm 6.20 35")]


def test_a_row_stays_whole_whatever_stops_its_cells_hold() -> None:
    row = "article: HL-1; note: Sewn by hand. Washable. No charger; price: 14"
    assert quotes(f"{row}\n{row}", "en") == [("", row), ("", row)]


def test_each_record_of_a_log_is_a_unit() -> None:
    raw = (
        '{"ts": "2025-03-01T10:00:00Z", "level": "ERROR", "code": "E-1042", "msg": "pump 7 overheated", "temp_c": 91.5}\n'
        '{"ts": "2025-03-01T10:05:00Z", "level": "INFO", "code": "I-2", "msg": "pump 7 restarted", "temp_c": 40}'
    )
    parsed = (
        "ts: 2025-03-01T10:00:00Z; level: ERROR; code: E-1042; msg: pump 7 overheated; temp_c: 91.5\n"
        "ts: 2025-03-01T10:05:00Z; level: INFO; code: I-2; msg: pump 7 restarted; temp_c: 40"
    )
    assert kinds(raw, "en") == [("record", line) for line in raw.split("\n")]
    assert kinds(parsed, "en") == [("row", line) for line in parsed.split("\n")]


def test_a_list_is_quoted_with_its_heading_and_a_pronoun_with_its_sentence() -> None:
    countries = "Countries that take part:\n- Peru\n- Kenya\n- Nepal\n- Norway"
    teachers = "Teachers: Ada Probe, Ben Muster and Cyd Testfall."
    text = (
        f"Summer school 2025\n\n{teachers}\n\n{countries}\n\nThe course starts on 4 August and ends on 22 August. It is held in Kiel. "
        "The fee is 300 euros; students pay 150 euros. Meals are not part of the fee."
    )
    assert kinds(text, "en")[:3] == [("heading", "Summer school 2025"), ("label", teachers), ("list", countries)]
    assert quotes(text, "en")[2:] == [
        ("", "The course starts on 4 August and ends on 22 August."),
        ("The course starts on 4 August and ends on 22 August.", "It is held in Kiel."),
        ("", "The fee is 300 euros; students pay 150 euros."),
        ("", "Meals are not part of the fee."),
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Am Kurs nehmen teil:\n\nPeru\n\nKenia\n\nNepal", "de"),
        ("## Paesi\n* Perù\n* Kenia", "it"),
        ("Which countries take part?\n1. Peru\n2. Kenya", "en"),
        ("भाग लेने वाले देश:\n- पेरू\n- केन्या", "hi"),
        ("ประเทศที่เข้าร่วม:\n• เปรู\n• เคนยา", "th"),
        ("Contato\n\nHalvarin Ltda\nRua Um 12\nRecife", "pt"),
        ("- Peru\n- Kenya", "en"),
    ],
)
def test_a_list_directly_below_its_heading_is_one_unit(text: str, language: str) -> None:
    assert kinds(text, language) == [("list", text)]


def test_a_list_goes_with_the_last_sentence_of_the_text_above() -> None:
    text = "We deliver to many places. The following countries take part:\n- Peru\n- Kenya"
    assert quotes(text, "en") == [("", "We deliver to many places."), ("", text[27:])]


@pytest.mark.parametrize(
    "items",
    [
        [f"- item {number}" for number in range(LIST_ITEMS + 1)],
        ["- " + "word " * 30 + str(number) for number in range(LIST_CHARACTERS // 150 + 1)],
        ["- one", "- two", "- three"],
    ],
    ids=["many", "long", "nested"],
)
def test_the_items_of_a_long_or_nested_list_have_their_heading_as_context(items: list[str]) -> None:
    nested = len(items) == 3
    text = "Steps:\n" + ("\n  " if nested else "\n").join(items)
    expected = [("Steps:", item) for item in items]
    if nested:
        expected[1:] = [("- one", "- two"), ("- one", "- three")]
    assert quotes(text, "en") == expected


def test_questions_are_no_answers_and_many_of_them_are_no_context() -> None:
    text = (
        "Questions for the interview: Who is the head of the laboratory? Which members of staff carry a key? What is done when a sample is "
        "lost? Who is told about an accident?\n\nDr Nora Beispiel leads the laboratory. Every technician carries a key. A lost sample is "
        "written down in the red book."
    )
    assert quotes(text, "en") == [
        ("", "Dr Nora Beispiel leads the laboratory."),
        ("", "Every technician carries a key."),
        ("", "A lost sample is written down in the red book."),
    ]


@pytest.mark.parametrize(
    ("question", "answer", "language"),
    [
        ("¿Cuánto cuesta", "La entrada cuesta diez euros.", "es"),
        ("จะติดต่อฝ่ายบุคคลได้อย่างไร", "สอบถามได้ที่ห้องชั้นล่างของอาคารสองทุกวันทำการตั้งแต่เวลาแปดโมงเช้าถึงสี่โมงเย็น", "th"),
        ("छुट्टी के लिए आवेदन कैसे करें", "आवेदन तीन हफ़्ते पहले देना होता है।", "hi"),
        ("Combien coûte l'entrée ?", "L'entrée coûte dix euros.", "fr"),
    ],
)
def test_a_question_is_the_context_of_the_answer_below(question: str, answer: str, language: str) -> None:
    assert quotes(f"{question}\n\n{answer}", language) == [(question, answer)]


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "The course is in Kiel.", "This town lies by the sea."),
        ("de", "Der Kurs ist in Kiel.", "Er dauert drei Wochen."),
        ("de", "Die Ordnung gilt ab Mai.", "Sie\nwurde im März vereinbart."),
        ("fr", "Le cours est à Lyon.", "Il dure trois semaines."),
        ("it", "Il corso è a Torino.", "Dura tre settimane."),
        ("pt", "O curso é no Recife.", "Ele dura três semanas."),
        ("es", "El curso es en Bogotá.", "Cuesta cien euros."),
        ("hi", "पाठ्यक्रम पुणे में है।", "यह तीन हफ़्ते चलता है।"),
        (
            "th",
            "หลักสูตรนี้เปิดสอนที่มหาวิทยาลัยเชียงใหม่ทุกปีในช่วงฤดูร้อนตั้งแต่เดือนมีนาคมจนถึงเดือนพฤษภาคม",
            "มันใช้เวลาเรียนทั้งหมดสามสัปดาห์โดยมีอาจารย์ประจำสองคนและผู้ช่วยสอนอีกหนึ่งคน",
        ),
    ],
)
def test_a_sentence_that_begins_with_a_pronoun_needs_the_one_before(language: str, first: str, second: str) -> None:
    assert quotes(f"{first} {second}", language)[-1] == (first, second)


def test_pronouns_are_followed_back_to_the_sentence_that_names_their_subject() -> None:
    text = "The course is in Kiel. It takes three weeks. It is free."
    assert quotes(text, "en")[-1] == ("The course is in Kiel. It takes three weeks.", "It is free.")


@pytest.mark.parametrize(
    "text",
    ["Sie müssen sich vorher anmelden.", "Das Lager hat zwei Tore.", "Diesel ist im Hof erhältlich."],
)
def test_what_only_looks_like_a_pronoun_needs_nothing(text: str) -> None:
    assert quotes(f"Das Büro ist offen. {text}", "de")[-1] == ("", text)


@pytest.mark.parametrize(
    ("text", "language", "heading"),
    [
        ("# Urlaub\nDer Anspruch beträgt 30 Tage.", "de", "# Urlaub"),
        ("KAUTION\nDie Kaution beträgt zwei Monatsmieten.", "de", "KAUTION"),
        ("GARANTIE\nZwei Jahre ab Kauf", "de", "GARANTIE"),
        ("O caminho da carga\n------------------\n\nA carga sai de Laem Chabang.", "pt", "O caminho da carga\n------------------"),
        ("3. Delivery\n\nThe supplier delivers within ten days.", "en", "3. Delivery"),
        ("Sie prüft er so:\n\nZuerst wird gemessen.", "de", "Sie prüft er so:"),
        ("अवकाश\nहर कर्मचारी को साल में इक्कीस दिन का अवकाश मिलता है।", "hi", "अवकाश"),
        ("การชาร์จ\nการชาร์จจนเต็มใช้เวลาหนึ่งชั่วโมงสิบนาที ระหว่างชาร์จไฟสถานะจะเป็นสีส้ม", "th", "การชาร์จ"),
    ],
)
def test_headings_are_no_answers(text: str, language: str, heading: str) -> None:
    assert kinds(text, language)[0] == ("heading", heading)
    assert [kind for kind, _ in kinds(text, language)[1:]] == ["sentence"]


def test_a_short_line_with_nothing_below_it_may_answer() -> None:
    assert kinds("Meeting on Monday in Passau with Nora", "en") == [("sentence", "Meeting on Monday in Passau with Nora")]


def test_short_lines_of_a_list_without_marks_are_no_headings() -> None:
    text = "We checked the house.\n\nNew locks on all the doors\n\nFresh paint in every room of the upper floor"
    text += " and new windows in the hall and kitchen"
    assert [kind for kind, _ in kinds(text, "en")] == ["sentence"] * 3


def test_sentences_without_structure_are_units_as_they_are() -> None:
    text = (
        "The graphics card RTX-4090 needs 450 watts. The graphics card RTX-4080 needs 320 watts.\n\n"
        "Nach § 14 Abs. 2 beträgt die Frist sechs Wochen. Nach § 15 beträgt die Frist ein Jahr."
    )
    assert quotes(text, "de") == [
        ("", "The graphics card RTX-4090 needs 450 watts."),
        ("", "The graphics card RTX-4080 needs 320 watts."),
        ("", "Nach § 14 Abs. 2 beträgt die Frist sechs Wochen."),
        ("", "Nach § 15 beträgt die Frist ein Jahr."),
    ]
    assert quotes("The leave is 28 days a year.", "en") == [("", "The leave is 28 days a year.")]


def test_labelled_sentences_of_like_length_are_units_of_their_own() -> None:
    text = (
        "Rechnung 1: Der Betrag von 1.234,50 Euro ist am 12.03.2025 fällig.\n"
        "Rechnung 2: Der Betrag von 1.324,50 Euro ist am 03.12.2025 fällig.\n"
        "Rechnung 3: Der Betrag von 12.345,00 Euro ist am 13.02.2025 fällig.\nThe tank holds 2.5 litres. The bottle holds 250 ml."
    )
    *invoices, prose = text.split("\n")
    assert quotes(text, "de") == [*(("", line) for line in invoices), ("", prose[:26]), ("", prose[27:])]


def test_clauses_of_thai_are_merged_within_their_line() -> None:
    first = "ติดตั้งไฟที่หลักอานให้สูงจากพื้นอย่างน้อยสี่สิบเซนติเมตร และอย่าให้กระเป๋าบังแสง"
    second = "รัดสายยางให้แน่นจนขยับด้วยมือไม่ได้ แล้วหมุนโคมให้แสงขนานกับพื้นถนน"
    other = "เพดรารับประกันสามปีนับจากวันที่ซื้อ"
    text = f"{first} {second}\n\n{other}"
    assert [text[unit.start : unit.end] for unit in units(text, "th")] == [first, second, other]


def test_a_text_without_stops_in_an_unknown_script_is_cut_at_spaces() -> None:
    text = " ".join(["ສະບາຍດີທຸກໆຄົນທີ່ມາໃນມື້ນີ້"] * 20)
    sizes = [unit.end - unit.start for unit in units(text, "und")]
    assert len(sizes) > 2
    assert max(sizes) <= UNSTOPPED_MAX


LANGUAGE = st.sampled_from(["en", "de", "fr", "it", "pt", "hi", "es", "th", "und", "ja"])
LINE = st.sampled_from(
    [
        "# Title",
        "NOTICE",
        "=====",
        "A short line",
        "Steps:",
        "- one",
        "  - two",
        "1. Wait",
        "- Monday: 9",
        "Name: Ada",
        "Item: Bolt; Price: 0.15",
        "Item; Price",
        "a | b",
        "c | 3",
        "Nut M8 0.09 3450",
        '{"a": 1}',
        "Who leads?",
        "It is held in Kiel.",
        "The course starts. It ends.",
        "यह नियम है।",
        "นี่คือคู่มือ สำหรับพนักงานทุกคน ของโรงงาน",
        "ทำอย่างไร",
        "",
        "«",
    ]
)
PASSAGE = st.lists(st.one_of(LINE, st.text(st.characters(exclude_categories=["Cs"]), max_size=20)), max_size=20).map("\n".join)


@given(PASSAGE, LANGUAGE)
def test_units_lie_inside_are_trimmed_ordered_and_hold_every_character(text: str, language: str) -> None:
    found = units(text, language)
    assert all(0 <= unit.start < unit.end <= len(text) for unit in found)
    assert all(text[unit.start : unit.end] == text[unit.start : unit.end].strip() for unit in found)
    assert [(unit.start, -unit.end) for unit in found] == sorted((unit.start, -unit.end) for unit in found)
    held = {at for unit in found for at in range(unit.start, unit.end)}
    assert all(at in held for at, letter in enumerate(text) if not letter.isspace())


@given(PASSAGE, LANGUAGE)
def test_a_context_stands_before_its_unit_and_only_items_of_a_list_overlap(text: str, language: str) -> None:
    found = units(text, language)
    for unit in found:
        assert unit.context is None or 0 <= unit.context[0] < unit.context[1] <= unit.start
    lists = [unit for unit in found if unit.kind is UnitKind.LIST]
    apart = [unit for unit in found if not any(whole is not unit and whole.start <= unit.start < whole.end for whole in lists)]
    assert all(before.end <= after.start for before, after in pairwise(apart))
