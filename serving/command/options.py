"""Options of commands, made from the table of settings: flag, environment variable, bounds and help are written there only."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from rag.settings import OPTIONS, Settings

DEFAULTS = Settings()


def option(name: str) -> Any:
    """The option of the setting `name`: --name, or GLOSSA_NAME in the environment."""
    told = OPTIONS[name]
    return typer.Option(envvar=f"GLOSSA_{name.upper()}", help=told.help, min=told.least, max=told.most, show_default=told.shown or True)


Data = Annotated[Path, option("data")]


def takes_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a command: an option for each of these settings in place of its parameter `settings`."""
    types = get_type_hints(Settings)

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**given: Any) -> None:
            command(settings=Settings(**{name: given.pop(name) for name in names}), **given)

        signature = inspect.signature(command)
        ours = [parameter for parameter in signature.parameters.values() if parameter.name != "settings"]
        theirs = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=getattr(DEFAULTS, name), annotation=Annotated[types[name], option(name)]
            )
            for name in names
        ]
        run.__signature__ = signature.replace(parameters=[*theirs, *ours])  # type: ignore[attr-defined]
        return run

    return decorate
