"""The vLLM deployment: Ray Serve's own LLM server, with one more method that takes and gives plain JSON.

The gateway then needs neither vLLM nor its request classes, and a stream crosses the handle in as few items as came together.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from ray import serve
from ray.serve.llm import LLMConfig, build_llm_deployment
from ray.serve.llm.deployment import LLMServer

from rag.errors import InvalidInput, RagError, first_line
from serving.models.adapters import loader, model_names, options
from serving.models.generator import ChatRequest, GeneratorFailed
from serving.models.profile import Profile
from serving.pools import Pool

log = logging.getLogger("ray.serve")
MOMENT_SECONDS = 0.02
DATA = "data: "
END = "[DONE]"
ERROR = '{"error":'


class Worker(LLMServer):
    """A replica: a vLLM engine with its tensor and pipeline parallel processes, and the LoRA adapters offered in a folder or bucket."""

    async def __init__(self, llm_config: LLMConfig, offered: str | None) -> None:  # type: ignore[misc]  # Ray Serve awaits it
        """Start the engine."""
        self.offered = offered
        self.listing = Pool("adapters", 1)
        await super().__init__(llm_config, model_downloader=loader(offered) if offered else None)

    async def chat_json(self, request: ChatRequest) -> AsyncIterator[list[str]]:
        """An OpenAI chat completion: the chunks of a stream as JSON, as many at a time as have come, or the one object.

        Raises InvalidInput when vLLM refuses the request, GeneratorFailed when it fails.
        """
        from pydantic import ValidationError
        from ray.serve.llm.openai_api_models import ChatCompletionRequest

        try:
            chat = ChatCompletionRequest.model_validate(request.body)
        except ValidationError as error:
            fault = error.errors()[0]
            raise InvalidInput(f"The field {'.'.join(map(str, fault['loc'])) or 'body'} is wrong: {fault['msg']}.") from error
        try:
            async for items in together(await self._stream(chat)):
                texts = [text for item in items for text in _payloads(item)]
                for text in texts:
                    if text.startswith(ERROR):
                        raise _failure(json.loads(text)["error"])
                yield texts
        except RagError:
            raise
        except Exception as error:  # whatever vLLM raises, as when its engine has died: the gateway knows none of its classes
            log.exception("the language model failed")
            raise GeneratorFailed(f"The language model failed ({first_line(error)}).") from error

    async def _stream(self, chat: Any) -> AsyncIterator[Any]:
        try:
            stream: AsyncIterator[Any] = await self.chat(chat)
            return stream
        except ValueError as error:  # vLLM does not take the adapter, as of another model or of too high a rank
            raise InvalidInput(f"The model {chat.model} cannot be used: {error}") from error

    async def adapters(self) -> list[str]:
        """The adapters that are there now, as requests name them."""
        return await self.listing(model_names, self.offered, str(self._llm_config.model_id)) if self.offered else []

    async def running(self) -> int:
        """Generations that the engine works on or has queued."""
        processor = self.engine._engine_client.output_processor  # type: ignore[union-attr]
        return int(processor.get_num_unfinished_requests())


def build(profile: Profile, name: str, adapters: str | None = None) -> serve.Application:
    """The deployment of a profile. Raises InvalidInput when Ray Serve or vLLM does not take it, or there are no adapters."""
    more = options(adapters) if adapters else {}
    engine = {**more.get("engine_kwargs", {}), **profile.config.get("engine_kwargs", {})}
    # Ray would hold each token back for up to 50 ms; `together` below does with less
    fields = {"experimental_configs": {"stream_batching_interval_ms": 0}, **profile.config, **more, "engine_kwargs": engine}
    try:
        config = LLMConfig(**fields)
        bound = {"offered": adapters}
        return build_llm_deployment(config, bind_kwargs=bound, deployment_cls=Worker, override_serve_options={"name": name})
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"The profile of {profile.name} is wrong: {error}") from error


async def together(stream: AsyncIterator[Any]) -> AsyncIterator[list[Any]]:
    """The items of a stream of lists or single items: the first at once, then each time whatever has come in a moment too short to see.

    An item costs a hop between processes about a millisecond, however much is in it.
    """
    queue: asyncio.Queue[Any] = asyncio.Queue()
    done = object()

    async def read() -> None:
        try:
            async for item in stream:
                queue.put_nowait(item)
        except Exception as error:  # noqa: BLE001 - handed to the reader below, who raises it
            queue.put_nowait(error)
        queue.put_nowait(done)

    reading = asyncio.create_task(read())
    try:
        ended = False
        while not ended:
            items: list[Any] = [await queue.get()]
            while not queue.empty():
                items.append(queue.get_nowait())
            ended = items[-1] is done
            flat: list[Any] = []
            for item in items[: len(items) - ended]:
                if isinstance(item, Exception):
                    raise item
                flat += item if isinstance(item, list) else [item]
            if flat:
                yield flat
            if not ended:
                await asyncio.wait({reading}, timeout=MOMENT_SECONDS)
    finally:
        reading.cancel()


def _payloads(item: Any) -> list[str]:
    """The JSON of server-sent events, without their frame; of a whole response its JSON."""
    if not isinstance(item, str):
        return [item.model_dump_json()]
    return [line.removeprefix(DATA) for line in item.splitlines() if line.startswith(DATA) and not line.endswith(END)]


def _failure(error: dict[str, Any]) -> Exception:
    if 400 <= int(error.get("code") or 500) < 500:
        return InvalidInput(f"The language model refused the request: {error['message']}")
    return GeneratorFailed(f"The language model failed: {error['message']}")
