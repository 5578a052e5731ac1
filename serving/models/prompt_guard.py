"""The Prompt Guard deployment, and what the gateway asks of it: refuse a question that attacks, leave out passages that do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ray.serve.handle import DeploymentHandle

from rag.chat import Message, message_text
from rag.errors import InvalidInput
from rag.hazards import PROMPT_ATTACK, Refused
from rag.records import Passage
from rag.settings import Settings
from serving.pools import Pool


@dataclass(frozen=True, slots=True)
class ToCheck:
    """Texts that may attack the language model; `quoted` ones come from documents."""

    texts: Sequence[str]
    quoted: bool


class PromptGuardDeployment:
    """A replica: holds the model that `settings.prompt_guard` names."""

    def __init__(self, settings: Settings) -> None:
        """Load it. Raises InvalidInput when it does not load."""
        from rag.prompt_guard import load_prompt_guard

        if settings.prompt_guard is None:
            raise InvalidInput("No Prompt Guard is named; start with --prompt-guard NAME.")
        self.guard = load_prompt_guard(settings.prompt_guard)
        self.model = Pool("model", 1)  # tokenizers fail when two threads set their truncation at once

    async def attacks(self, request: ToCheck) -> list[bool]:
        """Which of the texts are attacks."""
        from rag.prompt_guard import THRESHOLD

        scores = await self.model(self.guard.score, request.texts, quoted=request.quoted)
        return [score >= THRESHOLD for score in scores]


class PromptGuardClient:
    """Calls PromptGuardDeployment."""

    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        self._handle = handle

    async def attacks(self, request: ToCheck) -> list[bool]:
        """See PromptGuardDeployment."""
        attacks: list[bool] = await self._handle.attacks.remote(request)
        return attacks


async def require_harmless(messages: Sequence[Message], guard: PromptGuardClient | None) -> None:
    """Raises Refused for a conversation that tries to take the language model over.

    Reads what the application, the user and tools say, the latter as quoted; not what the model said before.
    """
    if guard is None:
        return
    for quoted in (False, True):
        roles = [message for message in messages if message["role"] != "assistant" and (message["role"] == "tool") == quoted]
        texts = [text for message in roles if (text := message_text(message).strip())]
        if texts and any(await guard.attacks(ToCheck(texts, quoted=quoted))):
            raise Refused("question", (PROMPT_ATTACK,))


async def harmless(passages: Sequence[Passage], guard: PromptGuardClient | None) -> list[Passage]:
    """Return only the passages that are not prompt attacks."""
    if guard is None or not passages:
        return list(passages)
    attacks = await guard.attacks(ToCheck([passage.text for passage in passages], quoted=True))
    return [passage for passage, attack in zip(passages, attacks, strict=True) if not attack]
