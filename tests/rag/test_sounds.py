import pytest

from rag.sounds import LEAST, PIECE, sounds


@pytest.mark.parametrize(
    "spellings",
    [
        ("Panthers", "पैंथर्स", "แพนเธอร์ส"),
        ("Carolina", "कैरोलिना", "แคโรไลนา"),
        ("Victoria", "विक्टोरिया", "วิกตอเรีย", "Viktoria"),
        ("password", "पासवर्ड", "pasword", "PASSWORD"),
        ("Mönchengladbach"[:6], "Monchen"[:6]),
    ],
)
def test_a_name_sounds_the_same_in_every_script_and_without_its_accents(spellings: tuple[str, ...]) -> None:
    assert len({tuple(sounds(spelling)) for spelling in spellings}) == 1
    assert sounds(spellings[0])


def test_different_names_sound_different() -> None:
    assert not set(sounds("Panthers")) & set(sounds("Carolina"))


def test_numbers_are_told_in_one_way() -> None:
    assert sounds("3.500,00") == sounds("3,500.00") == sounds("३,५००.००") == ["#3500"]
    assert sounds("๑๙๙๐") == ["#1990"]


def test_words_with_few_consonants_say_nothing() -> None:
    assert sounds("eine Idee, oui, घर, ปู") == []
    assert all(LEAST <= len(term) <= PIECE for term in sounds("Die Donaudampfschifffahrtsgesellschaft fährt morgen"))


def test_the_parts_of_a_long_word_meet_it() -> None:
    assert set(sounds("Kundendienstleiter")) & set(sounds("Dienstleiter"))


def test_text_of_other_scripts_and_no_text_break_nothing() -> None:
    assert sounds("") == sounds("?! —") == sounds("Привет 世界 ا") == []
