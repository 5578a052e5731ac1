"""One table of settings: the options of commands and the README's table say what it says."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from rag.settings import OPTIONS, Settings
from serving.command.options import takes_settings

README = (Path(__file__).parents[2] / "README.md").read_text()
DEFAULTS = {each.name: each.default for each in fields(Settings)}


def parsed(arguments: list[str], environment: dict[str, str]) -> Any:
    """What a command that takes port and window reads."""
    seen: list[Settings] = []
    app = typer.Typer()

    @app.command()
    @takes_settings("port", "window")
    def command(*, settings: Settings, loud: bool = False) -> None:
        seen.append(settings)
        print("loud" if loud else "quiet")

    done = CliRunner().invoke(app, arguments, env=environment)
    return (seen[0].port, seen[0].window, done.stdout.strip()) if seen else done.exit_code


def test_a_setting_comes_from_its_option_its_variable_or_its_default() -> None:
    assert parsed([], {}) == (8000, None, "quiet")
    assert parsed(["--loud"], {"GLOSSA_PORT": "81", "GLOSSA_WINDOW": "512"}) == (81, 512, "loud")
    assert parsed(["--port", "82"], {"GLOSSA_PORT": "81"}) == (82, None, "quiet")


def test_a_value_out_of_bounds_is_wrong_usage() -> None:
    assert parsed(["--port", "65536"], {}) == 2
    assert parsed(["--window", "0"], {}) == 2


def test_the_readme_lists_every_option_with_its_variable_and_default() -> None:
    listed = {}
    for flags, variables, default in re.findall(r"^\| (`--[^|]*) \| (`GLOSSA_[^|]*) \| ([^|]*) \|", README, re.MULTILINE):
        for flag, variable in zip(flags.split(", "), variables.split(", "), strict=True):
            listed[flag] = (variable, default.replace(",", ""))
    expected = {f"`--{name.replace('_', '-')}`": f"`GLOSSA_{name.upper()}`" for name in OPTIONS}
    assert {flag: variable for flag, (variable, _) in listed.items()} == expected
    for name in OPTIONS:
        if DEFAULTS[name] is not None:
            assert listed[f"`--{name.replace('_', '-')}`"][1] == str(DEFAULTS[name])
