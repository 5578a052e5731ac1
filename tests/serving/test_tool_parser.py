import json
from pathlib import Path

import pytest

from rag.errors import InvalidInput
from serving.models.profile import Profile, load
from serving.models.tool_parser import file_of, tool_parser
from tests.tiny_llama import save_tiny_llama

LLAMA_TOKENS = json.dumps({"added_tokens": [{"content": "<|python_tag|>"}]})
LLAMA_3_TOKENS = json.dumps({"added_tokens": [{"content": "<|reserved_special_token_5|>"}]})


@pytest.mark.parametrize(
    ("template", "tokens", "parser"),
    [
        ("{% if tools %}Environment: ipython{% endif %}", LLAMA_TOKENS, "llama3_json"),
        ("{% if tools %}Environment: ipython{% endif %}", LLAMA_3_TOKENS, None),
        ("{% for message in messages %}{{ message.content }}{% endfor %}", LLAMA_TOKENS, None),
        ("{% if tools %}Answer in <tool_call></tool_call>{% endif %}", LLAMA_3_TOKENS, "hermes"),
        ("{% if tools %}Answer with [func_name1(name=value)]{% endif %}", LLAMA_TOKENS, "pythonic"),
    ],
)
def test_the_parser_follows_from_template_and_tokenizer(template: str, tokens: str, parser: str | None) -> None:
    files = {"tokenizer_config.json": json.dumps({"chat_template": template}), "tokenizer.json": tokens}
    assert tool_parser(files.get) == parser


def test_of_several_templates_that_for_tools_decides() -> None:
    templates = [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "{{ tools }} <tool_call>"}]
    assert tool_parser({"tokenizer_config.json": json.dumps({"chat_template": templates})}.get) == "hermes"


def test_a_template_in_a_file_of_its_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_text("{{ tools }} <tool_call>")
    assert tool_parser(file_of(str(tmp_path))) == "hermes"


def test_a_damaged_configuration_is_refused_with_a_sentence() -> None:
    with pytest.raises(InvalidInput, match=r"tokenizer_config\.json is damaged .*; download the model again"):
        tool_parser({"tokenizer_config.json": "{"}.get)


def test_a_checkpoint_without_such_a_token_offers_no_tools(tmp_path: Path) -> None:
    folder = save_tiny_llama(tmp_path / "tiny")
    with_tools = load(str(folder), gpus=0)
    for path in (folder / "tokenizer.json", folder / "tokenizer_config.json"):
        path.write_text(path.read_text().replace("<|python_tag|>", "<|reserved_special_token_5|>"))
    without = load(str(folder), gpus=0)
    assert isinstance(with_tools, Profile) and isinstance(without, Profile)
    assert with_tools.config["engine_kwargs"]["tool_call_parser"] == "llama3_json"
    assert not {"tool_call_parser", "enable_auto_tool_choice"} & set(without.config["engine_kwargs"])
