"""The reader's training: its examples on small files, its targets, one network before and after it is written."""

import gzip
import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from rag.encoder import Encoder
from rag.reader import Reader
from tools.build_encoder.packed import PackedMatrix, PackedModel, Sizes
from tools.train_reader.examples import Example, Mark, after, places
from tools.train_reader.forms import FILES as FORM_FILES
from tools.train_reader.forms import forms
from tools.train_reader.graph import packed, write
from tools.train_reader.learning import targets, train
from tools.train_reader.network import Network
from tools.train_reader.states import States
from tools.train_reader.translations import SOURCES, translations

LAYERS, FIRST, HIDDEN = 12, 8, 384
TEXT = "The warehouse has two gates. The canteen closes at three."
EXAMPLES = [
    Example("When does the canteen close?", TEXT, Mark.ANSWER, places(TEXT, "at three")),
    Example("How many gates are there?", TEXT, Mark.SENTENCE, places(TEXT, "The warehouse has two gates.")),
    Example("Who leads the laboratory?", TEXT, Mark.NOTHING),
]


def save(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture(scope="module")
def model() -> PackedModel:
    """Random layers of the encoder's shape."""
    rng = np.random.default_rng(3)
    matrices, vectors = {}, {}
    for number in range(FIRST, LAYERS):
        for name in ("q", "k", "v", "ao", "fi", "fo"):
            rows, columns = {"fi": (1536, HIDDEN), "fo": (HIDDEN, 1536)}.get(name, (HIDDEN, HIDDEN))
            codes = rng.integers(0, 16, (rows, columns)).astype(np.uint8)
            matrices[f"l{number}.{name}.w"] = PackedMatrix(codes, np.full((rows, columns // 32), 0.01, np.float16))
            vectors[f"l{number}.{name}.b"] = rng.normal(0, 0.01, rows).astype(np.float32)
        for name in ("aln", "oln"):
            vectors[f"l{number}.{name}.w"], vectors[f"l{number}.{name}.b"] = np.ones(HIDDEN, np.float32), np.zeros(HIDDEN, np.float32)
    return PackedModel(Sizes(HIDDEN, LAYERS, 12, 1536, 250_037, 512, 1e-12), vectors, matrices)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def states(encoder: Encoder, tmp_path: Path) -> States:
    held = States(encoder, f"l{FIRST - 1}.oln", tmp_path / "states.f16", HIDDEN)
    assert list(held.add("query: ", [each.question for each in EXAMPLES], 96))
    assert list(held.add("passage: ", [each.passage for each in EXAMPLES], 320))
    return held


def test_an_answer_is_marked_by_its_first_and_last_token_and_a_sentence_by_all(states: States) -> None:
    answer, sentence, nothing = targets(EXAMPLES, states, "passage: ")
    spans = states.spans("passage: ", TEXT)

    def words(flags: np.ndarray) -> str:
        return TEXT[spans[flags[1:]][:, 0].min() : spans[flags[1:]][:, 1].max()].strip()

    assert (words(answer.begin), words(answer.end)) == ("at", "three")
    assert words(sentence.begin) == words(sentence.end) == "The warehouse has two gates."
    assert nothing.begin[0]
    assert nothing.begin.sum() == 1
    assert not answer.begin[0]


def test_training_lowers_the_loss_and_the_product_reads_what_was_written(
    model: PackedModel, encoder: Encoder, states: States, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(1)
    network = Network(model, FIRST)
    data = targets(EXAMPLES, states, "passage: ")
    train(network, data, states, ("query: ", "passage: "), epochs=100, rng=Random(1))
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in capsys.readouterr().out.splitlines()]
    assert losses[-1] < losses[0]
    write(network, model, FIRST, tmp_path / "reader")
    reader = Reader(encoder, tmp_path / "reader")
    for example in EXAMPLES:
        question, asked = states.batch("query: ", [example.question])
        passage, there = states.batch("passage: ", [example.passage])
        with torch.no_grad():
            shares = network(question, passage, asked, there).softmax(1).mean(2)[0].numpy()
        reading = reader.read(example.question, [example.passage])[0]
        assert reading.nothing == pytest.approx(float(shares[0]), abs=0.1)  # 4 bits are near, not the same
        assert np.corrcoef(reading.marks, shares[1:])[0, 1] > 0.9


def test_weights_of_four_bits_stay_as_they_are_and_others_come_near() -> None:
    rng = np.random.default_rng(2)
    exact = PackedMatrix(rng.integers(0, 16, (8, 64)).astype(np.uint8), np.full((8, 2), 0.5, np.float16)).dequantized()
    exact[:, ::32] = -4  # each block holds the lowest code, by which its scale is found
    assert packed(exact).dequantized() == pytest.approx(exact)
    random = rng.normal(0, 1, (64, 384)).astype(np.float32)
    assert np.square(packed(random).dequantized() - random).mean() < 0.01
    assert packed(np.zeros((2, 32), np.float32)).dequantized().tolist() == np.zeros((2, 32)).tolist()


def test_forms_mark_the_line_that_was_asked_for(tmp_path: Path) -> None:
    names = [
        {language: f"{language} name {letter}" for language in ("en", "de", "fr", "it", "pt", "hi", "es", "th")}
        for letter in "ABCDEFGHIJKL" * 20
    ]
    for file in FORM_FILES:
        save(tmp_path / f"{file}.jsonl.gz", names)
    made = list(forms(tmp_path, Random(1)))
    assert {example.mark for example in made} == {Mark.SENTENCE, Mark.NOTHING}
    for example in made[:200]:
        for start, end in example.spans:
            assert example.passage[start:end].count("\n") == 0
            assert ":" in example.passage[start:end]


def test_translations_mark_the_sentence_that_says_the_same(tmp_path: Path) -> None:
    for name in SOURCES:
        groups = [
            {"en": f"The room number {at} of {name} is closed.", "de": f"Der Raum Nummer {at} von {name} ist zu."} for at in range(40)
        ]
        save(tmp_path / f"{name}.jsonl.gz", groups)
    made = list(translations(tmp_path, Random(1)))
    marked = [example for example in made if example.mark is Mark.SENTENCE]
    assert 0.7 < len(marked) / len(made) < 0.8
    for example in marked[:200]:
        [(start, end)] = example.spans
        assert example.passage[start:end] in {f"The room number {at} of {name} is closed." for at in range(40) for name in SOURCES} | {
            f"Der Raum Nummer {at} von {name} ist zu." for at in range(40) for name in SOURCES
        }


def test_context_stands_before_the_text_and_holds_no_answer() -> None:
    text, context = after("Work rules", "Thirty days.")
    assert (text, text[context:]) == ("Work rules. Thirty days.", "Thirty days.")
    assert after("", "Thirty days.") == ("Thirty days.", 0)
    assert places("abcabc", "bc", 10) == ((11, 13), (14, 16))
