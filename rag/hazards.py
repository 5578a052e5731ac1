"""Verdicts of Llama Guard about a message, and the sentences that refuse a request."""

import re
from typing import Literal

from rag.errors import RagError

# https://github.com/meta-llama/PurpleLlama/blob/main/Llama-Guard3/8B/MODEL_CARD.md, after the MLCommons taxonomy of hazards
CATEGORIES = {
    "S1": "Violent Crimes",
    "S2": "Non-Violent Crimes",
    "S3": "Sex-Related Crimes",
    "S4": "Child Sexual Exploitation",
    "S5": "Defamation",
    "S6": "Specialized Advice",
    "S7": "Privacy",
    "S8": "Intellectual Property",
    "S9": "Indiscriminate Weapons",
    "S10": "Hate",
    "S11": "Suicide & Self-Harm",
    "S12": "Sexual Content",
    "S13": "Elections",
    "S14": "Code Interpreter Abuse",
}
PROMPT_ATTACK = "Prompt Attack"  # what Prompt Guard finds
REFUSED = {
    "en": "I cannot answer this.",
    "de": "Darauf kann ich nicht antworten.",
    "fr": "Je ne peux pas répondre à cela.",
    "it": "Non posso rispondere a questo.",
    "pt": "Não posso responder a isso.",
    "hi": "मैं इसका उत्तर नहीं दे सकता।",
    "es": "No puedo responder a eso.",
    "th": "ไม่สามารถตอบคำถามนี้ได้",
}


class Refused(RagError):
    """A guard refused a question or an answer. `categories` are names of hazards."""

    def __init__(self, of: Literal["question", "answer"], categories: tuple[str, ...]) -> None:
        super().__init__(f"The {of} was refused: {', '.join(categories)}.")
        self.of = of
        self.categories = categories

    def __reduce__(self) -> tuple[type["Refused"], tuple[Literal["question", "answer"], tuple[str, ...]]]:
        return Refused, (self.of, self.categories)


def refusal(language: str) -> str:
    """The sentence of refusal; in English for an unknown language."""
    return REFUSED.get(language, REFUSED["en"])


def hazards(verdict: str) -> tuple[str, ...]:
    """Names of the hazards in what Llama Guard wrote: `safe`, or `unsafe` and a line of codes (S1,S10). Raises ValueError for all else."""
    word, _, codes = verdict.strip().partition("\n")
    if word.strip() == "safe":
        return ()
    if word.strip() != "unsafe":
        raise ValueError(f"a guard says safe or unsafe, not {verdict[:60]!r}")
    return tuple(CATEGORIES.get(code, code) for code in re.findall(r"S\d+", codes)) or ("Unsafe",)
