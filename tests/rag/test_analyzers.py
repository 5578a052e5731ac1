from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.analyzers import analyze


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("en", "The company's pumps are running", ["the", "compani", "pump", "are", "run"]),
        ("de", "Die Häuser der Straße", ["die", "haus", "der", "strass"]),
        ("fr", "L'entreprise d’accord", ["entrepris", "accord"]),
        ("it", "l'azienda dell’anno", ["azi", "anno"]),
        ("pt", "as garantias d'água", ["as", "garant", "agu"]),
        ("es", "las vacaciones del año", ["las", "vacacion", "del", "ano"]),
        ("hi", "पासवर्ड कर्मचारियों", ["पासवर्ड", "कर्मचार"]),
        ("th", "พนักงานลาพักร้อนได้สิบห้าวัน", ["พนักงาน", "ลาพักร้อน", "ได้", "สิบห้า", "วัน"]),
        ("und", "Гарантия café", ["гарантия", "cafe"]),
        ("pl", "Gwarancja trwa", ["gwarancja", "trwa"]),
        ("en", "", []),
        ("en", " ?! — ", []),
    ],
)
def test_each_language_gives_these_terms(language: str, text: str, terms: list[str]) -> None:
    assert analyze(text, language) == terms


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("fr", "congés payés", "conges payes"),
        ("fr", "sécurité de l’œuvre", "SECURITE de l'oeuvre"),
        ("es", "información", "informacion"),
        ("pt", "informação", "informações"),
        ("pt", "informação", "informacoes"),
        ("it", "città", "citta"),
        ("en", "café", "cafe"),
        ("de", "Größe Müller", "Groesse Mueller"),
        ("de", "Größe", "Grösse"),
        ("de", "Haus", "Häuser"),
        ("hi", "कर्मचारी", "कर्मचारियों"),
        ("hi", "फ़ोन", "फोन"),
        ("hi", "छुट्टियाँ", "छुट्टियां"),
        ("hi", "क्षमा", "क्\u200dषमा"),
        ("hi", "२०२४", "2024"),
        ("th", "๓๕๐๐ บาท", "3500บาท"),
        ("th", "น้ำดื่ม", "น\u0e49\u0e4d\u0e32ดื่ม"),
        ("th", "น้ำดื่ม", "น\u0e4d\u0e49\u0e32ดื่ม"),
        ("en", "ﬁle ＡＢＣ", "file abc"),
        ("en", "co\u00adoperate", "cooperate"),
        ("en", "3,500.00", "3.500,00"),
    ],
)
def test_two_spellings_of_a_word_meet(language: str, one: str, other: str) -> None:
    assert analyze(one, language) == analyze(other, language)


@pytest.mark.parametrize("language", ["en", "de", "fr", "it", "pt", "hi", "es", "th", "und"])
@pytest.mark.parametrize("spelling", ["GL-200", "gl200", "GL200", "GL_200", "GL‑200"])
def test_a_product_code_meets_its_other_spellings_in_every_language(spelling: str, language: str) -> None:
    assert analyze(spelling, language) == ["gl", "200", "gl200"]
    assert analyze("GL 200", language) == analyze(spelling, language)
    assert set(analyze("gl 200", language)) < set(analyze(spelling, language))
    assert "gl200" not in analyze("GL-300", language)


def test_a_hyphenated_word_is_found_by_its_parts_and_joined() -> None:
    assert analyze("E-Mail", "de") == ["e", "mail", "email"]
    assert analyze("e-mail", "en")[-1:] == analyze("email", "en")


@pytest.mark.parametrize("language", ["en", "hi", "th", "und"])
def test_thai_and_hindi_words_inside_any_language_stay_whole(language: str) -> None:
    terms = analyze("Password पासवर्ड และรหัสผ่าน", language)
    assert terms[1:] == ["पासवर्ड", "และ", "รหัสผ่าน"]


def test_unspaced_scripts_are_cut_into_pairs() -> None:
    assert analyze("保修期 中", "und") == ["保修", "修期", "中"]
    assert analyze("これはペン", "ja") == ["これ", "れは", "はペ", "ペン"]


def test_threads_with_their_own_stemmers_agree() -> None:
    texts = ["running connections of the company", "relational operators are generalised"] * 200
    expected = [["run", "connect", "of", "the", "compani"], ["relat", "oper", "are", "generalis"]] * 200
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: analyze(text, "en"), texts)) == expected
