"""Which of vLLM's parsers reads the tool calls of a checkpoint: decided by its tokenizer and chat template.

Source: https://docs.vllm.ai/en/latest/features/tool_calling.html. A parser that does not fit its tokenizer makes vLLM fail every request.
"""

import json
from collections.abc import Callable
from pathlib import Path

from rag.errors import InvalidInput

PYTHON_TAG = '"<|python_tag|>"'  # in tokenizer.json; Llama 3's tokenizer has a reserved token in its place
PARSERS = (  # the first whose mark stands in the chat template
    ("<tool_call>", "hermes"),
    ("[func_name1(", "pythonic"),
)
LLAMA = "llama3_json"


def tool_parser(read: Callable[[str], str | None]) -> str | None:
    """The name of the parser, None when the model calls no tools. `read` returns a file of the model by name, None where there is none.

    Raises InvalidInput when a file is damaged.
    """
    template = read("chat_template.jinja") or _template(read("tokenizer_config.json"))
    if "tools" not in template:
        return None
    named = next((parser for mark, parser in PARSERS if mark in template), None)
    return named or (LLAMA if PYTHON_TAG in (read("tokenizer.json") or "") else None)


def file_of(source: str) -> Callable[[str], str | None]:
    """Return a reader of a model's files: of a folder, or of the hub where `source` names a model there."""

    def read(name: str) -> str | None:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError

        folder = Path(source)
        try:
            path = folder / name if folder.is_dir() else Path(hf_hub_download(source, name))
            return path.read_text(encoding="utf-8") if path.is_file() else None
        except EntryNotFoundError:
            return None

    return read


def _template(configuration: str | None) -> str:
    """The chat template of a tokenizer_config.json; of several, that for tools."""
    try:
        template = json.loads(configuration or "{}").get("chat_template") or ""
    except ValueError as error:
        raise InvalidInput(f"The model's tokenizer_config.json is damaged ({error}); download the model again.") from error
    if isinstance(template, list):
        named = {each["name"]: each["template"] for each in template}
        template = named.get("tool_use") or named.get("default") or ""
    return str(template)
