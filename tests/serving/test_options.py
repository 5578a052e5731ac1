"""One table of settings makes the options of commands. `tests/test_documentation.py` compares it with docs/configuration.md."""

from typing import Any

import typer
from typer.testing import CliRunner

from rag.settings import Settings
from serving.command.options import takes_settings


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
