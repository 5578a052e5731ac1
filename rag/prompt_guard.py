"""Prompt Guard: a small classifier that finds text written to take a language model over (https://huggingface.co/meta-llama)."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from rag.errors import InvalidInput
from rag.model_sources import GATED, OTHER, find_model, loading

WINDOW = 512  # tokens it was trained on; longer text is read in parts that overlap, as its card advises
OVERLAP = 64
BATCH = 16
THRESHOLD = 0.5
INJECTION, JAILBREAK = 1, 2  # labels of the first version; the second has one, malicious, beside benign


class PromptGuard:
    """A loaded classifier: of the first version (benign, injection, jailbreak) or the second (benign, malicious)."""

    def __init__(self, model: Any, tokenizer: Any, name: str) -> None:
        """Wrap both. Raises InvalidInput for a model with other labels."""
        if model.config.num_labels not in (2, 3):
            raise InvalidInput(f"The model {name} has {model.config.num_labels} labels; a Prompt Guard has 2 or 3.")
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.window = min(WINDOW, int(model.config.max_position_embeddings))

    @torch.inference_mode()
    def score(self, texts: Sequence[str], *, quoted: bool) -> list[float]:
        """The probability that each text is an attack, that of its worst part.

        `quoted` text comes from a document, where any instruction to the model is out of place; of a question only a jailbreak is.
        """
        overlap = min(OVERLAP, self.window // 4)
        parts = self.tokenizer(
            list(texts),
            max_length=self.window,
            stride=overlap,
            truncation=True,
            return_overflowing_tokens=True,
            padding=True,
            return_tensors="pt",
        )
        owners = parts.pop("overflow_to_sample_mapping").tolist()
        worst = [0.0] * len(texts)
        for begin in range(0, len(owners), BATCH):
            batch = {name: tensor[begin : begin + BATCH].to(self.model.device) for name, tensor in parts.items()}
            odds = torch.softmax(self.model(**batch).logits.float(), dim=-1)
            attack = odds[:, JAILBREAK] if odds.shape[1] == 3 and not quoted else odds[:, INJECTION:].sum(dim=-1)
            for owner, value in zip(owners[begin : begin + BATCH], attack.tolist(), strict=True):
                worst[owner] = max(worst[owner], value)
        return worst


def load_prompt_guard(name_or_path: str) -> PromptGuard:
    """From a folder or, by hub name ('meta-llama/Llama-Prompt-Guard-2-86M'), from the hub. Raises InvalidInput when it cannot be had."""
    source = find_model(name_or_path, "Prompt Guard", "a model folder")
    with loading(f"The Prompt Guard {name_or_path!r}", f"{OTHER}, {GATED}"):
        model = AutoModelForSequenceClassification.from_pretrained(source.path, local_files_only=source.local)
        tokenizer = AutoTokenizer.from_pretrained(source.path, local_files_only=source.local)
    return PromptGuard(model.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer, name_or_path)
