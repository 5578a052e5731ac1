"""Reads every file of some folders in the sandbox and says what came of it: characters, pages, damaged pages, notes, seconds.

Run: make corpus, or .venv/bin/python -m tests.bench.corpus FOLDER... [--out FILE] [--before FILE]. `--before` takes the `--out` of an
earlier release and names the documents that became worse: no longer read, fewer characters, or more damaged pages. Exit code 1 when there
are some. Texts that only changed are not compared, and seconds only as sums by kind: single ones vary with what else the machine does.
"""

import argparse
import json
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ingest.magic import sniff
from ingest.sandbox import Sandbox
from rag.errors import RagError

FEWER = 0.98  # of the characters that there were: less is worse


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of one file; `characters` are counted without blanks, `error` is the sentence of one that was not read."""

    name: str
    media_type: str = ""
    characters: int = 0
    pages: int = 0
    damaged: int = 0
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""


def read(sandbox: Sandbox, path: Path, name: str) -> Reading:
    began = time.perf_counter()
    media_type, pages = "", []
    try:
        media_type = sniff(path, path.name)
        pages = [page for page, _ in sandbox.parse(path, media_type)]
        error = ""
    except RagError as problem:
        error = str(problem)
    notes = list(dict.fromkeys(note for page in pages for note in page.notes))
    characters, damaged = sum(len("".join(page.text.split())) for page in pages), sum(page.damaged for page in pages)
    return Reading(name, media_type, characters, len(pages), damaged, notes, round(time.perf_counter() - began, 4), error)


def worse(before: Reading, now: Reading) -> str:
    """Why a document is worse than it was; empty when it is not."""
    if now.error:
        return "" if before.error else f"no longer read: {now.error}"
    if now.characters < FEWER * before.characters:
        return f"{now.characters:,} characters instead of {before.characters:,}"
    return f"{now.damaged} damaged pages instead of {before.damaged}" if now.damaged > before.damaged and not before.error else ""


def seconds_by_kind(readings: list[Reading]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for reading in readings:
        found[reading.media_type] += reading.seconds
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="write what was found, for a later --before")
    parser.add_argument("--before", type=Path, help="compare with this --out of an earlier run")
    options = parser.parse_args()
    console, sandbox = Console(), Sandbox()
    table = Table("file", "characters", "pages", "damaged", "seconds", "notes or error")
    readings = []
    for folder in options.folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            readings.append(found := read(sandbox, path, f"{folder.name}/{path.relative_to(folder)}"))
            facts = (f"{found.characters:,}", str(found.pages), str(found.damaged or ""), f"{found.seconds:.3f}")
            table.add_row(found.name, *facts, found.error or "; ".join(found.notes))
    sandbox.close()
    console.print(table)
    if options.out:
        options.out.write_text(json.dumps([asdict(reading) for reading in readings], ensure_ascii=False, indent=1))
    summary = {
        "files": len(readings),
        "read": sum(not reading.error for reading in readings),
        "characters": sum(reading.characters for reading in readings),
        "damaged_pages": sum(reading.damaged for reading in readings),
        "seconds": round(sum(reading.seconds for reading in readings), 2),
    }
    if options.before:
        earlier = {each["name"]: Reading(**each) for each in json.loads(options.before.read_text())}
        was = seconds_by_kind([earlier[reading.name] for reading in readings if reading.name in earlier])
        for kind, seconds in seconds_by_kind([reading for reading in readings if reading.name in earlier]).items():
            console.print(f"{kind or 'refused'}: {seconds:.2f} s, before {was.get(kind, 0.0):.2f} s")
        fallen = {reading.name: why for reading in readings if reading.name in earlier and (why := worse(earlier[reading.name], reading))}
        for name, why in fallen.items():
            console.print(f"WORSE {name}: {why}")
        summary["worse"] = len(fallen)
    print(json.dumps(summary))
    if summary.get("worse"):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
