"""The served model's own tokenizer and chat template: what a conversation costs in tokens, and text that cannot forge a role."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import regex

from rag.errors import InvalidInput
from rag.model_sources import GATED, loading

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Message = dict[str, Any]  # as the OpenAI chat API has it: role, content, and for tools tool_calls or tool_call_id
Tool = dict[str, Any]

# What cannot be seen, or turns the direction of text: but for tab, newline, and the joiners that Hindi and emoji are written with.
_INVISIBLE = regex.compile(r"[[\p{Cc}\p{Cf}\U000E0100-\U000E01EF]--[\t\n\u200c\u200d]]", regex.V1)
_LINE_BREAK = regex.compile("\r\n?|[\u0085\u2028\u2029]")
# Markers of roles in the templates of common model families, for a server whose tokenizer is not at hand.
COMMON_MARKERS = (
    r"<\|[^|<>\s]{1,60}\|>",  # Llama 3, Qwen, Phi
    r"</?s>|<</?SYS>>|\[/?INST\]|\[/?(?:TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS)\]",  # Llama 2, Mistral
    r"<(?:start|end)_of_turn>|<[bep]os>",  # Gemma
)


def message_text(message: Message) -> str:
    """A message's text; of content in parts, the text parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or any(not isinstance(part, dict) or part.get("type") != "text" for part in content):
        raise InvalidInput("A message has content that is not text; send text only.")
    return "\n".join(str(part.get("text", "")) for part in content)


class TokenCounter(Protocol):
    """Counts as the model's server does; never an estimate."""

    def count(self, messages: Sequence[Message], tools: Sequence[Tool] | None = None) -> int:
        """Tokens of the whole prompt, up to where the model begins to write. Raises InvalidInput when the template refuses it."""
        ...

    def count_text(self, text: str) -> int:
        """Tokens of a text by itself."""
        ...

    def neutral(self, text: str) -> str:
        """The text without what a template would take for a role or an end of turn."""
        ...


class ChatTokenizer:
    """A Hugging Face tokenizer with a chat template; may be used from any thread."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", name: str) -> None:
        """Wrap it. Raises InvalidInput when it has no chat template: a base model cannot hold a conversation."""
        if not tokenizer.chat_template:
            raise InvalidInput(f"The model {name} has no chat template; use its instruction-tuned version ('...-Instruct').")
        self.tokenizer = tokenizer
        self.name = name
        special = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
        self._markers = marker_pattern(regex.escape(token) for token in sorted(special, key=len, reverse=True))

    def token_ids(self, messages: Sequence[Message], tools: Sequence[Tool] | None = None) -> list[int]:
        """The whole prompt's tokens, as vLLM makes them from the same messages."""
        try:
            text = self.tokenizer.apply_chat_template(
                [_as_templates_have_it(message) for message in messages],
                tools=list(tools) if tools else None,
                add_generation_prompt=True,
                tokenize=False,
            )
        except Exception as error:  # a template is a program of the model's maker and raises what it likes
            raise InvalidInput(f"The chat template of {self.name} does not take this conversation: {error}") from error
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def count(self, messages: Sequence[Message], tools: Sequence[Tool] | None = None) -> int:
        """Tokens of the whole prompt."""
        return len(self.token_ids(messages, tools))

    def count_text(self, text: str) -> int:
        """Tokens of a text by itself."""
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def neutral(self, text: str) -> str:
        """The text without invisible characters and with every special token of the model broken by a space."""
        return neutralise(text, self._markers)


def _as_templates_have_it(message: Message) -> Message:
    """As vLLM hands it to the template: the arguments of a tool call are an object there, and JSON text in the API."""
    if not message.get("tool_calls"):
        return message
    calls = [
        {**call, "function": {**call["function"], "arguments": json.loads(call["function"].get("arguments") or "{}")}}
        for call in message["tool_calls"]
    ]
    return {**message, "tool_calls": calls}


def load_chat_tokenizer(name_or_path: str) -> ChatTokenizer:
    """From a folder or, by hub name, from the hub. Raises InvalidInput when there is none, or none that may be had without a token."""
    from transformers import AutoTokenizer  # brings torch; a service that answers by quoting does without

    path = Path(name_or_path).expanduser()
    with loading(f"The tokenizer of {name_or_path!r}", f"give a model folder or a hub name, {GATED}"):
        tokenizer = AutoTokenizer.from_pretrained(str(path) if path.is_dir() else name_or_path, local_files_only=path.is_dir())
    return ChatTokenizer(tokenizer, name_or_path)


def marker_pattern(patterns: Iterable[str]) -> "regex.Pattern[str]":
    """One pattern for all the markers that must not appear in a text, those of common families among them."""
    return regex.compile("|".join((*filter(None, patterns), *COMMON_MARKERS)))


def neutralise(text: str, markers: "regex.Pattern[str]") -> str:
    """Take out what cannot be seen, put a space into each marker after its first character, and take out the markers still left.

    Those are rare: tokens of one character, or with a space inside.
    """
    plain: str = _INVISIBLE.sub("", _LINE_BREAK.sub("\n", text))
    plain = markers.sub(lambda found: f"{found[0][0]} {found[0][1:]}", plain)
    while markers.search(plain):
        plain = markers.sub("", plain)  # shorter each time, so that it ends
    return plain
