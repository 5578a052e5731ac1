"""JSON and JSON lines: every record as one line that is readable by itself ('path: value; path: value')."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.encoding import read_blocks
from ingest.limits import check_part
from ingest.plain import RECORD, lines, text_encoding
from ingest.sections import Section, cut
from rag.errors import Unreadable
from rag.settings import ParseLimits


def parse_json(path: Path, limits: ParseLimits) -> Iterator[Section]:
    """Yield an array's records, or an object's members, each labelled by its key. Raises Unreadable with the place of a fault, TooLarge."""
    check_part(path.stat().st_size, "The file", limits)
    value = _load("".join(read_blocks(path, text_encoding(path))), "The JSON file")
    for label, part in value.items() if isinstance(value, dict) else [("", value)]:
        yield from cut(label, (_line(record) for record in (part if isinstance(part, list) else [part])))


def parse_json_lines(path: Path) -> Iterator[Section]:
    """Yield the records as they are read. Raises Unreadable with the line of a fault."""
    numbered = enumerate(lines(read_blocks(path, text_encoding(path)), RECORD), start=1)
    yield from cut("", (_line(_load(line, f"Line {number} of the JSON lines file")) for number, line in numbered if line.strip()))


def _load(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"{what} is no JSON: {error.msg} at line {error.lineno}, column {error.colno}; mend it there.") from error


def _line(record: Any) -> str:
    return "; ".join(f"{path}: {value}" if path else value for path, value in _values(record, ""))


def _values(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every value with the way to it; the numbers of an array's places tell a reader nothing and are left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _values(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, path)
    elif value is not None and value != "":
        yield path, " ".join(str(value).split())
