"""Grounded prompts within a model's window: instruction, passages, conversation, counted by the model's own tokenizer.

The parts that are equal for many questions come first, for servers with prefix caching.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.chat import Message, TokenCounter, Tool
from rag.errors import InvalidInput, TooLarge
from rag.instructions import instruction
from rag.languages import LANGUAGES
from rag.records import Passage
from rag.sentences import sentence_spans

HISTORY_SHARE = 0.25  # of the room beside the instruction and the question that passages leave to earlier turns, when there are any
PASSAGE = '<passage number="{number}" document="{name}" page="{page}" language="{language}">\n{text}\n</passage>'
PASSAGE_TAG = re.compile(r"<(?=/?\s*passage)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Budget:
    """In tokens: the model's `window`, what of it is kept for the `answer`, and how much of the rest `passages` should take at most.

    The last is well under the window because answers get worse long before it is full (RULER, https://arxiv.org/abs/2404.06654).
    """

    window: int
    answer: int
    passages: int

    def __post_init__(self) -> None:
        """Raises InvalidInput if no prompt can fit."""
        if self.answer < 1:
            raise InvalidInput(f"The answer may have {self.answer} tokens; it needs at least 1.")
        if self.answer >= self.window:
            raise InvalidInput(
                f"The answer may have {self.answer} tokens, but the model's whole window is {self.window}; ask for fewer (max_tokens)."
            )

    @property
    def room(self) -> int:
        """Maximum number of tokens of the prompt."""
        return self.window - self.answer

    def require(self, tokens: int) -> None:
        """Raise TooLarge, with the numbers, if a prompt with this number of tokens does not fit."""
        if tokens > self.room:
            raise TooLarge(
                f"The prompt takes {tokens} tokens, and the model's window of {self.window} leaves {self.room} beside the {self.answer} "
                "kept for the answer; shorten it, allow a shorter answer or use a model with a larger window."
            )


@dataclass(frozen=True, slots=True)
class Conversation:
    """The question, its language, earlier messages (oldest first), and system messages of the calling application."""

    question: str
    language: str
    history: Sequence[Message] = ()
    wishes: str = ""
    tools: Sequence[Tool] | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages for the model, their exact count, and the passages in them: [n] is `passages[n - 1]`, which may be cut at a sentence."""

    messages: list[Message]
    tokens: int
    passages: list[Passage]
    turns_left_out: int


def assemble(
    asked: Conversation, passages: Sequence[Passage], budget: Budget, counter: TokenCounter, *, wider: Sequence[Passage] = ()
) -> Prompt:
    """The prompt: passages by rank, whole or the last cut at a sentence, then `wider` versions of the best, then the latest turns.

    `wider[i]` is `passages[i]` with its neighbours on the page. Earlier turns go first when something must; the question never does.
    Raises TooLarge when instruction and question alone do not fit, InvalidInput when the model's template refuses the conversation.
    """
    turns = _turns(asked.history)
    bare = _count(asked, [], [], counter)
    budget.require(bare)
    left = budget.room - bare
    target = min(budget.passages, int(left * (1 - HISTORY_SHARE)) if turns else left)
    chosen = _fill(passages, target, counter)
    chosen = _widen(chosen, wider, target, counter)
    left -= sum(_size(number, passage, counter) for number, passage in enumerate(chosen, 1))
    kept = _latest(turns, left, counter)
    while (tokens := _count(asked, chosen, kept, counter)) > budget.room:  # tokens may join other tokens differently than by themselves
        if kept:
            kept = kept[1:]
        else:
            chosen = chosen[:-1]
    return Prompt(_messages(asked, chosen, kept, counter), tokens, chosen, len(turns) - len(kept))


def _messages(asked: Conversation, passages: Sequence[Passage], turns: Sequence[list[Message]], counter: TokenCounter) -> list[Message]:
    blocks = [_block(number, passage, counter) for number, passage in enumerate(passages, 1)]
    system = "\n\n".join([instruction(asked.language), *([counter.neutral(asked.wishes)] if asked.wishes else []), *blocks])
    earlier = neutral_messages([message for turn in turns for message in turn], counter)
    return [{"role": "system", "content": system}, *earlier, {"role": "user", "content": counter.neutral(asked.question)}]


def _count(asked: Conversation, passages: Sequence[Passage], turns: Sequence[list[Message]], counter: TokenCounter) -> int:
    return counter.count(_messages(asked, passages, turns, counter), asked.tools)


def _block(number: int, passage: Passage, counter: TokenCounter) -> str:
    """A passage as the model reads it. Its text and name can neither end the block nor begin another."""
    name, text = (PASSAGE_TAG.sub("< ", counter.neutral(part)) for part in (passage.name, passage.text))
    name = name.replace('"', "'").replace("\n", " ")
    language = LANGUAGES.get(passage.language, "unknown")
    return PASSAGE.format(number=number, name=name, page=passage.page, language=language, text=text)


def _size(number: int, passage: Passage, counter: TokenCounter) -> int:
    return counter.count_text("\n\n" + _block(number, passage, counter))


def _fill(passages: Sequence[Passage], target: int, counter: TokenCounter) -> list[Passage]:
    chosen: list[Passage] = []
    for passage in passages:
        size = _size(len(chosen) + 1, passage, counter)
        if size > target:
            cut = _cut(passage, len(chosen) + 1, target, counter)
            return [*chosen, cut] if cut else chosen
        chosen.append(passage)
        target -= size
    return chosen


def _cut(passage: Passage, number: int, target: int, counter: TokenCounter) -> Passage | None:
    """The passage up to the last sentence end that fits; None when not even one sentence does."""
    ends = [end for _, end in sentence_spans(passage.text, passage.language)]

    def first(sentences: int) -> Passage:
        return replace(passage, end=passage.start + ends[sentences - 1], text=passage.text[: ends[sentences - 1]])

    low, high = 0, len(ends)  # the first `low` fit
    while low < high:
        middle = (low + high + 1) // 2
        if _size(number, first(middle), counter) <= target:
            low = middle
        else:
            high = middle - 1
    return first(low) if low else None


def _widen(chosen: Sequence[Passage], wider: Sequence[Passage], target: int, counter: TokenCounter) -> list[Passage]:
    """Widen the best passages first, while they stay within the target and do not overlap others."""
    widened = list(chosen)
    target -= sum(_size(number, passage, counter) for number, passage in enumerate(chosen, 1))
    for index, wide in enumerate(wider[: len(chosen)]):
        others = [other for place, other in enumerate(widened) if place != index]
        extra = _size(index + 1, wide, counter) - _size(index + 1, widened[index], counter)
        if extra <= target and not any(_overlap(wide, other) for other in others):
            widened[index] = wide
            target -= extra
    return widened


def _overlap(one: Passage, other: Passage) -> bool:
    same_page = (one.document_id, one.page) == (other.document_id, other.page)
    return same_page and one.start < other.end and other.start < one.end


def _turns(history: Sequence[Message]) -> list[list[Message]]:
    """A user's message with all that followed it; what comes before the first is a turn of its own."""
    turns: list[list[Message]] = []
    for message in history:
        if message["role"] == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def _latest(turns: Sequence[list[Message]], left: int, counter: TokenCounter) -> list[list[Message]]:
    """As many whole turns as fit, the latest first; each message also counts what a template may put around it."""
    kept = 0
    for turn in reversed(turns):
        left -= sum(counter.count_text(str(message)) for message in turn)
        if left < 0:
            break
        kept += 1
    return list(turns[len(turns) - kept :])


def neutral_messages(messages: Sequence[Message], counter: TokenCounter) -> list[Message]:
    """The same conversation without text that could forge a role."""
    return [{key: _neutral_value(value, counter) for key, value in message.items()} for message in messages]


def _neutral_value(value: object, counter: TokenCounter) -> object:
    if isinstance(value, str):
        return counter.neutral(value)
    if isinstance(value, list):
        return [_neutral_value(item, counter) for item in value]
    if isinstance(value, dict):
        return {key: _neutral_value(item, counter) for key, item in value.items()}
    return value
