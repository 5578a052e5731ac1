"""The reader of the package: where it marks the answer, when it marks nothing, and what is said of a damaged folder."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.embedder import EncoderEmbedder
from rag.encoder import Encoder
from rag.errors import InvalidInput
from rag.reader import PACKAGED, Reader, Reading

TEXT = "The warehouse has two gates. Employees have thirty days of paid holiday. The canteen closes at three."
HOLIDAY, CANTEEN = "Employees have thirty days of paid holiday.", "The canteen closes at three."
QUESTIONS = {
    "en": "How many days of holiday do employees have?",
    "de": "Wie viele Tage Urlaub haben die Beschäftigten?",
    "fr": "Combien de jours de congé les employés ont-ils ?",
    "it": "Quanti giorni di ferie hanno i dipendenti?",
    "pt": "Quantos dias de férias têm os funcionários?",
    "es": "¿Cuántos días de vacaciones tienen los empleados?",
    "hi": "कर्मचारियों को कितने दिन की छुट्टी मिलती है?",
    "th": "พนักงานมีวันหยุดกี่วัน",
}


@pytest.fixture
def encoder(embedder: EncoderEmbedder) -> Encoder:
    return embedder.model


def within(reading: Reading, part: str, text: str = TEXT) -> float:
    start = text.index(part)
    return reading.between(start, start + len(part))


@pytest.mark.parametrize("language", sorted(QUESTIONS))
def test_the_answer_is_marked_for_a_question_in_every_language(reader: Reader, language: str) -> None:
    reading = reader.read(QUESTIONS[language], [TEXT])[0]
    assert within(reading, HOLIDAY) > within(reading, CANTEEN)
    assert within(reading, HOLIDAY) > within(reading, "The warehouse has two gates.")


def test_what_does_not_answer_is_read_as_nothing(reader: Reader) -> None:
    answers, other, empty = reader.read("When does the canteen close?", [TEXT, "Bananas are yellow and grow in warm countries.", ""])
    assert answers.nothing < 0.5 < other.nothing
    assert empty.nothing > 0.5


def test_marks_and_nothing_are_probabilities_of_one_whole(reader: Reader) -> None:
    for reading in reader.read("When does the canteen close?", [TEXT, "🙂 🙂", "x" * 5_000, "ราคา " * 900]):
        assert reading.nothing + reading.marks.sum() == pytest.approx(1, abs=1e-4)
        assert len(reading.marks) == len(reading.spans)
        assert (reading.marks >= 0).all()


def test_a_passage_in_a_batch_reads_as_it_does_alone(reader: Reader) -> None:
    texts = [TEXT, CANTEEN, "Die Kantine schließt um drei. " * 12, "โรงอาหารปิดบ่ายสามโมง"]
    together = reader.read("When does the canteen close?", texts)
    for text, reading in zip(texts, together, strict=True):
        alone = reader.read("When does the canteen close?", [text])[0]
        assert alone.nothing == pytest.approx(reading.nothing, abs=0.05)
        assert np.abs(alone.marks - reading.marks).max() < 0.05


def test_no_passage_has_no_reading(reader: Reader) -> None:
    assert reader.read("Who?", []) == []


@pytest.mark.parametrize("name", ["reader.onnx", "segments.npy", "config.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_folder_is_named(encoder: Encoder, tmp_path: Path, name: str, damage: str) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(PACKAGED, folder)
    if damage == "gone":
        (folder / name).unlink()
    else:
        (folder / name).write_bytes((folder / name).read_bytes()[:40])
    with pytest.raises(InvalidInput, match=re.escape(f"The reader in {folder} cannot be loaded")):
        Reader(encoder, folder)


def test_another_format_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(PACKAGED, folder)
    (folder / "config.json").write_text('{"format": 2}', encoding="utf-8")
    with pytest.raises(InvalidInput, match="has format 2; this release reads format 1"):
        Reader(encoder, folder)
