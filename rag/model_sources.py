"""Where a model is found, a folder here or a name on a model hub, and one sentence for the user when it cannot be loaded."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.errors import InvalidInput, first_line

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
OTHER = "give another folder or hub name"
GATED = "and for a gated model accept its licence on the hub and set HF_TOKEN"


@dataclass(frozen=True, slots=True)
class Source:
    """A folder, which is `local`, or a name of the hub, which alone reaches for the network. `name` is what errors and stamps call it."""

    path: str
    name: str
    local: bool


def find_model(name_or_path: str, kind: str, folder: str) -> Source:
    """Where the model is. Raises InvalidInput, in which it is called a `kind`, for what is neither a folder nor a hub name."""
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return Source(str(path), name_or_path, local=True)
    if not HUB_NAME.fullmatch(name_or_path):
        raise InvalidInput(f"No {kind} {name_or_path!r} was found; give {folder}, or a hub name ('owner/model').")
    return Source(name_or_path, name_or_path, local=False)


@contextmanager
def loading(what: str, advice: str = OTHER) -> Iterator[None]:
    """Turn what the libraries raise for a missing or unfit model into InvalidInput: what cannot be loaded, why, and what to do."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInput(f"{what} cannot be loaded ({first_line(error)}); {advice}.") from error


def may_need_hub(*models: str | None) -> bool:
    """Whether loading one of these may need a model hub: it is given, and it is no folder here."""
    return any(model is not None and not Path(model).expanduser().exists() for model in models)
