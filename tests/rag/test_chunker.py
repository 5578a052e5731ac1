from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from rag.chunker import ChunkSpan, chunk_page
from rag.errors import InvalidInput
from rag.sentences import sentence_spans

Tokenize = Callable[[str], list[tuple[int, int]]]
TOKENIZER_FILE = Path(__file__).parents[2] / "rag" / "embedder_model" / "tokenizer.json"


def word_offsets(text: str) -> list[tuple[int, int]]:
    """A tokenizer of one token a word, which gives the space before to the word as SentencePiece does."""
    return [match.span() for match in regex.finditer(r"\s*\S+", text)]


def syllable_offsets(text: str) -> list[tuple[int, int]]:
    """A tokenizer that cuts every three characters, also inside graphemes."""
    return [(at, min(at + 3, len(text))) for at in range(0, len(text), 3)]


def byte_offsets(text: str) -> list[tuple[int, int]]:
    """A tokenizer of bytes: many tokens share one character's offsets."""
    return [(at, at + 1) for at, character in enumerate(text) for _ in character.encode()]


def chunk_words(text: str, language: str = "en", *, max_tokens: int) -> list[ChunkSpan]:
    return chunk_page(text, word_offsets(text), sentence_spans(text, language), max_tokens=max_tokens)


def texts(text: str, chunks: list[ChunkSpan]) -> list[str]:
    return [text[chunk.start : chunk.end] for chunk in chunks]


def test_a_short_page_is_one_chunk() -> None:
    text = "  The pump is blue.  "
    assert chunk_words(text, max_tokens=10) == [ChunkSpan(2, 19, 0, 4)]


def test_an_empty_page_has_no_chunks() -> None:
    assert chunk_page("", [], []) == []
    assert chunk_page(" \n ", [(0, 3)], []) == []


def test_chunks_end_at_paragraphs_before_they_end_at_sentences() -> None:
    text = "One two three. Four five six.\n\nSeven eight nine. Ten eleven twelve.\n\nEnd of it."
    assert texts(text, chunk_words(text, max_tokens=8)) == [
        "One two three. Four five six.",
        "Seven eight nine. Ten eleven twelve.",
        "End of it.",
    ]


def test_a_paragraph_that_is_too_long_is_cut_between_sentences() -> None:
    text = "One two three. Four five six. Seven eight nine. Ten eleven twelve."
    assert texts(text, chunk_words(text, max_tokens=7)) == ["One two three. Four five six.", "Seven eight nine. Ten eleven twelve."]


def test_a_heading_stays_with_the_paragraph_that_follows() -> None:
    text = "One two three four five six.\n\nThe warranty\n\nIt lasts for two years."
    assert texts(text, chunk_words(text, max_tokens=8)) == ["One two three four five six.", "The warranty\n\nIt lasts for two years."]


def test_a_tiny_tail_joins_the_chunk_before_it_when_it_fits() -> None:
    text = "One two three four. Five six seven eight.\n\nNine ten eleven twelve. A b c.\n\nEnd."
    assert texts(text, chunk_words(text, max_tokens=8)) == [
        "One two three four. Five six seven eight.",
        "Nine ten eleven twelve. A b c.\n\nEnd.",
    ]


def test_a_sentence_longer_than_the_limit_is_cut_evenly_between_words() -> None:
    text = " ".join(f"word{number}" for number in range(9)) + "."
    assert texts(text, chunk_words(text, max_tokens=5)) == ["word0 word1 word2 word3 word4", "word5 word6 word7 word8."]


def test_a_thai_sentence_longer_than_the_limit_is_cut_between_dictionary_words() -> None:
    text = "พนักงานทุกคนลาพักร้อนได้ปีละสิบห้าวัน"
    words = ["พนักงาน", "ทุกคน", "ลาพักร้อน", "ได้", "ปี", "ละ", "สิบห้า", "วัน"]
    borders = {sum(map(len, words[:count])) for count in range(len(words) + 1)}
    chunks = chunk_page(text, [(at, at + 1) for at in range(len(text))], [(0, len(text))], max_tokens=12)
    assert len(chunks) == 4
    assert {chunk.start for chunk in chunks} | {chunk.end for chunk in chunks} <= borders
    assert "".join(texts(text, chunks)) == text


def test_a_word_longer_than_the_limit_is_cut_between_devanagari_syllables() -> None:
    text = "क्षत्रियविद्यार्थी" * 2
    chunks = chunk_page(text, [(at, at + 1) for at in range(len(text))], [(0, len(text))], max_tokens=6)
    assert set(texts(text, chunks)) <= {"क्ष", "त्रिय", "वि", "विद्या", "यवि", "द्या", "र्थी", "यविद्या", "क्षत्रि", "त्रि", "य"}
    assert "".join(texts(text, chunks)) == text


def test_only_a_single_grapheme_longer_than_the_limit_is_cut_itself() -> None:
    text = "a" + "\u0301" * 19
    chunks = chunk_page(text, [(at, at + 1) for at in range(20)], [(0, 20)], max_tokens=8)
    assert [(chunk.start, chunk.end) for chunk in chunks] == [(0, 7), (7, 14), (14, 20)]


def test_a_character_of_more_tokens_than_the_limit_is_not_cut() -> None:
    text = "👍👍"
    assert texts(text, chunk_page(text, byte_offsets(text), [(0, 2)], max_tokens=2)) == ["👍", "👍"]


@pytest.mark.parametrize("max_tokens", [0, -1])
def test_a_limit_that_holds_no_token_is_refused(max_tokens: int) -> None:
    with pytest.raises(InvalidInput, match=f"Chunks of {max_tokens} tokens were asked for; a chunk must hold at least 1"):
        chunk_page("a", [(0, 1)], [(0, 1)], max_tokens=max_tokens)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Die Garantie der Pumpe GL-200 gilt zwei Jahre ab dem Tag des Kaufs. "),
        ("hi", "कर्मचारियों को साल में पंद्रह दिन की छुट्टी मिलती है। "),
        ("th", "พนักงานทุกคนลาพักร้อนได้ปีละสิบห้าวันทำการ "),
    ],
)
def test_the_shipped_tokenizer_gives_chunks_within_the_budget(language: str, sentence: str) -> None:
    text = sentence * 100
    offsets = Tokenizer.from_file(str(TOKENIZER_FILE)).encode(text, add_special_tokens=False).offsets
    chunks = chunk_page(text, offsets, sentence_spans(text, language))
    assert all(64 < chunk.last_token - chunk.first_token <= 128 for chunk in chunks[:-1])
    assert "".join("".join(text[chunk.start : chunk.end].split()) for chunk in chunks) == "".join(text.split())


PAGE = st.lists(
    st.one_of(
        st.sampled_from(
            ["Dr. ", "Ein Satz. ", "\n", "\n\n", " ", "न्यायालय ", "क्षमा।", "น้ำดื่ม", "พนักงาน ", "ค่ะ ", "👨‍👩‍👧", "e\u0301", "保修期", "| "]
        ),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.sampled_from(["\u0301", "\u200d", "\u0e33", "\u094d", " \u0301", "\x1c", "\x0c"]),
    ),
    max_size=60,
).map("".join)
OFFSETS = st.sampled_from([word_offsets, syllable_offsets, byte_offsets])


@settings(max_examples=300)
@given(PAGE, OFFSETS, st.sampled_from(["en", "th", "hi", "und"]), st.integers(1, 30))
def test_chunks_keep_their_promises_on_any_page(text: str, tokenize: Tokenize, language: str, max_tokens: int) -> None:
    offsets = tokenize(text)
    chunks = chunk_page(text, offsets, sentence_spans(text, language), max_tokens=max_tokens)
    spans = [(chunk.start, chunk.end) for chunk in chunks]
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(before.last_token <= after.first_token for before, after in pairwise(chunks))
    for chunk in chunks:
        own = offsets[chunk.first_token : chunk.last_token]
        assert len(own) <= max_tokens or chunk.end - chunk.start == 1
        assert all(chunk.start < end and start < chunk.end for start, end in own if text[start:end].strip())


def cluster_starts(text: str) -> set[int]:
    """Where the first character that is not a space stands in each grapheme cluster (a mark may follow a space)."""
    return {match.end() - len(match[0].lstrip()) for match in regex.finditer(r"\X", text)}


@settings(max_examples=300)
@given(PAGE, OFFSETS, st.sampled_from(["en", "th", "hi", "und"]))
def test_no_chunk_is_cut_inside_a_grapheme_that_fits(text: str, tokenize: Tokenize, language: str) -> None:
    chunks = chunk_page(text, tokenize(text), sentence_spans(text, language), max_tokens=40)
    assert {chunk.start for chunk in chunks} <= cluster_starts(text)


def test_a_page_of_a_million_characters_without_a_space_is_cut_in_reasonable_time() -> None:
    text = "x" * 1_000_000
    chunks = chunk_page(text, [(at, at + 4) for at in range(0, len(text), 4)], sentence_spans(text, "en"))
    assert len(chunks) == 2000
    assert all(chunk.last_token - chunk.first_token == 125 for chunk in chunks)


def test_a_heading_between_two_texts_begins_a_chunk_without_blank_lines_too() -> None:
    text = "The office is open from eight.\nNotice period\nThe notice period is three months.\nIt may be shorter."
    assert texts(text, chunk_words(text, max_tokens=12)) == [
        "The office is open from eight.",
        "Notice period\nThe notice period is three months.\nIt may be shorter.",
    ]


def test_an_underlined_heading_stays_with_a_sentence_that_fills_the_chunk_alone() -> None:
    text = "The lamp is charged with the cable.\n\nSensor\n------\n\nPress the button for five full seconds to reset it."
    chunks = texts(text, chunk_words(text, max_tokens=10))
    assert chunks[0] == "The lamp is charged with the cable."
    assert chunks[1].startswith("Sensor\n------\n\nPress the button")


def test_lines_of_a_list_are_not_joined_as_headings() -> None:
    text = "\n".join(f"{name} has a seat" for name in ("Peru", "Kenya", "New Zealand", "Norway", "Chad")) + "\nAll take part in it."
    chunks = texts(text, chunk_words(text, max_tokens=9))
    assert chunks == [
        "Peru has a seat\nKenya has a seat",
        "New Zealand has a seat\nNorway has a seat",
        "Chad has a seat\nAll take part in it.",
    ]
