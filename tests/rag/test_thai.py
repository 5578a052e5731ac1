import pytest

from rag.thai import thai_words


def test_a_thai_sentence_is_cut_into_dictionary_words() -> None:
    assert thai_words("พนักงานทุกคนลาพักร้อนได้") == ["พนักงาน", "ทุกคน", "ลาพักร้อน", "ได้"]


@pytest.mark.parametrize("text", ["", " ", "น้ำ GL-200\r\n 3,500 บาท", "ะ" * 300, "👨‍👩‍👧ก"])
def test_the_words_joined_are_the_text(text: str) -> None:
    assert "".join(thai_words(text)) == text
