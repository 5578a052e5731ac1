"""What Llama Guard writes, and what Prompt Guard may be."""

import pickle
from pathlib import Path

import pytest

from rag.errors import InvalidInput
from rag.hazards import REFUSED, Refused, hazards, refusal
from rag.languages import LANGUAGES, detect_language
from rag.prompt_guard import load_prompt_guard
from tests.tiny_guards import ATTACK, save_tiny_prompt_guard


@pytest.mark.parametrize(("verdict", "found"), [
    ("safe", ()),
    ("\n\nsafe\n", ()),
    ("unsafe\nS1", ("Violent Crimes",)),
    ("\n\nunsafe\nS9,S10", ("Indiscriminate Weapons", "Hate")),
    ("unsafe\nS1, S14", ("Violent Crimes", "Code Interpreter Abuse")),
    ("unsafe", ("Unsafe",)),
    ("unsafe\nS99", ("S99",)),
])  # fmt: skip
def test_a_verdict_names_its_hazards(verdict: str, found: tuple[str, ...]) -> None:
    assert hazards(verdict) == found


@pytest.mark.parametrize("said", ["", "Safe!", "I cannot help with that.", "S1"])
def test_what_is_no_verdict_is_not_taken_for_safe(said: str) -> None:
    with pytest.raises(ValueError, match="safe or unsafe"):
        hazards(said)


def test_a_refusal_is_in_each_of_the_languages() -> None:
    assert set(REFUSED) == set(LANGUAGES)
    assert all(detect_language(refusal(language)) == language for language in LANGUAGES)
    assert refusal("und") == refusal("en")


def test_a_refusal_crosses_processes() -> None:
    there = pickle.loads(pickle.dumps(Refused("answer", ("Hate",))))
    assert (there.of, there.categories, str(there)) == ("answer", ("Hate",), "The answer was refused: Hate.")


def test_a_prompt_guard_finds_an_attack_anywhere_in_a_text_of_any_length(tmp_path: Path) -> None:
    guard = load_prompt_guard(str(save_tiny_prompt_guard(tmp_path / "guard")))
    filler = "Der Urlaub beträgt dreißig Tage im Jahr. "
    long = filler * 30
    texts = [filler, ATTACK, long, f"{long}{ATTACK} {long}", f"{long}{ATTACK}"]
    assert [score >= 0.5 for score in guard.score(texts, quoted=True)] == [False, True, False, True, True]
    # in a question only a jailbreak counts; words of a document inside it do not
    assert [score >= 0.5 for score in guard.score(texts, quoted=False)] == [False, True, False, False, False]


def test_what_is_no_prompt_guard_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No Prompt Guard"):
        load_prompt_guard("no such thing")
    with pytest.raises(InvalidInput, match="cannot be loaded"):
        load_prompt_guard(str(tmp_path))
