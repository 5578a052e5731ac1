"""Runs every compiled regular expression of `ingest` and `rag` over texts that it nearly matches, and prints those that take too long.

A text of 4 KiB tells most: what takes 1 s at 64 KiB takes 4 ms there if it is quadratic, and what is linear takes less. Only what takes
longer than that is run over 64 KiB. Run: python -m tests.ingest.patterns.
"""

import ast
import importlib
import itertools
import re
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import regex

PACKAGES = ("ingest", "rag")
ROOT = Path(__file__).parents[2]
SHORT, LONG = 1 << 12, 1 << 16
SUSPECT_SECONDS, MOST_SECONDS = 0.002, 1.0  # of CPU time, for a short and for a long text
MOST_ATOMS = 6  # of one pattern: pairs of them are tried
ON_SHORT_TEXT = {"rag/citations.py", "rag/codes.py", "rag/hazards.py"}  # a marker, a question's code, a guard's verdict
ANCHORED, SCANNING = {"match", "fullmatch"}, {"search", "sub", "subn", "split", "findall", "finditer"}
FIXED = ["<!---->", "[[", "a", "A", "1", " ", "\n", ".", "-", "a1", "a ", " \n", "1,", "ก่", "क्", "é"]
# What stands for a class of characters in a pattern, by the words that name it there
CLASSES = {
    r"\s": [" ", "\n"], r"\S": ["a"], r"\d": ["1"], "0-9": ["1"], r"\w": ["a", "1"], r"\W": ["-"], r"\p{L": ["a", "A"],
    r"\p{M": ["a\u0301"], r"\p{N": ["1"], r"\p{Thai": ["ก", "\u0e48"], "\u0e01": ["ก", "\u0e48"], "\u0900": ["क", "\u094d"],
    "\u0915": ["क", "\u094d"], r"\X": ["a\u0301"], "A-Z": ["A"], "a-z": ["a"], "[^": ["a", " "], ".": ["a"],
}  # fmt: skip
_ESCAPED = re.compile(r"\\(?:[pPx]\{[^}]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|\(\?[a-zA-Z!=<>:#|^$-]*|\{\d*,?\d*\}", re.DOTALL)
_WORD = re.compile(r"[^\\\[\](){}.*+?|^$\s]{1,12}")


def constants() -> Iterator[tuple[str, Any]]:
    """Yield every compiled pattern that a module has as a constant, alone or in a table, with its name."""
    for source in sources():
        if "compile(" in source.read_text(encoding="utf-8"):  # importing the others would take longer than all the rest
            module = module_of(source)
            for name, value in vars(importlib.import_module(module)).items():
                for number, pattern in enumerate(_compiled(value)):
                    yield f"{module}.{name}[{number}]", pattern


def sources() -> Iterator[Path]:
    """Yield the modules of the packages."""
    for package in PACKAGES:
        yield from sorted(path for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)


def module_of(source: Path) -> str:
    """The name that the module is imported by."""
    return ".".join(source.relative_to(ROOT).with_suffix("").parts)


def _key(module: str, constant: str) -> str:
    """Two modules may each have a private constant of one name."""
    return f"{module}.{constant}" if constant.startswith("_") else constant


def _compiled(value: Any) -> Iterator[Any]:
    if isinstance(value, re.Pattern | regex.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from itertools.chain.from_iterable(map(_compiled, value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from itertools.chain.from_iterable(map(_compiled, value))


def near_matches(source: str) -> Iterator[tuple[str, str]]:
    """Yield a start and what is to be repeated after it: what the pattern itself names, each alone and each before each other."""
    atoms = _atoms(source)
    for atom in dict.fromkeys([*FIXED, *atoms]):
        yield "", atom
    for first, second in itertools.permutations(atoms, 2):
        yield "", first + second
        yield first, second


def _atoms(source: str) -> list[str]:
    named = [stand_in for mark, stand_ins in CLASSES.items() if mark in source for stand_in in stand_ins]
    literal = [re.sub(r"^\\(.)$", r"\1", escaped) for escaped in re.findall(r"\\[^\w\s]", source)]
    words = sorted(set(_WORD.findall(_ESCAPED.sub(" ", source))), key=lambda word: (len(word), word))
    return list(dict.fromkeys([*named, *literal, *words]))[:MOST_ATOMS]


def filled(start: str, piece: str, size: int) -> str:
    """The piece again and again, to `size` characters, and an end that fits nothing."""
    return start + (piece * (size // len(piece) + 1))[:size] + "\0"


def methods() -> dict[str, set[str]]:
    """How patterns are used, by the name of the constant: `match`, `search` and so on."""
    used: dict[str, set[str]] = defaultdict(set)
    for source in sources():
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ANCHORED | SCANNING:
                for name in ast.walk(node.value):
                    if isinstance(name, ast.Name | ast.Attribute):
                        used[_key(module_of(source), name.id if isinstance(name, ast.Name) else name.attr)].add(node.attr)
    return used


class TooSlow(Exception):
    """Raised in the middle of a search, which both libraries allow."""


def seconds(pattern: Any, text: str, *, anchored: bool) -> float:
    """CPU time of one run over the text, at most a little more than MOST_SECONDS."""
    given = text.encode() if isinstance(pattern.pattern, bytes) else text
    began = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS * 1.1)
    try:
        if anchored:
            pattern.match(given), pattern.fullmatch(given)
        else:
            for _ in pattern.finditer(given):
                pass
    except TooSlow:
        pass
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return time.process_time() - began


def slow_piece(pattern: Any, *, anchored: bool) -> str | None:
    """The start of the first text that takes the pattern too long."""
    source = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    for start, piece in near_matches(source):
        short = seconds(pattern, filled(start, piece, SHORT), anchored=anchored)
        if short > SUSPECT_SECONDS and seconds(pattern, filled(start, piece, LONG), anchored=anchored) > MOST_SECONDS:
            return start + piece
    return None


def stop(*_: object) -> None:
    """What the timer calls."""
    raise TooSlow


def inline() -> Iterator[str]:
    """Yield the places that run a pattern without making it a constant, so that it is not seen here."""
    for source in sources():
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(ast.Attribute(ast.Name("re" | "regex"), method)) if method in ANCHORED | SCANNING:
                    yield f"{source.relative_to(ROOT)}:{node.lineno}"


def main() -> None:
    signal.signal(signal.SIGVTALRM, stop)
    assert slow_piece(re.compile("a+b"), anchored=False) == "a", "this check finds what is quadratic"
    used, seen = methods(), set()
    for name, pattern in constants():
        if pattern in seen:  # imported from another module
            continue
        seen.add(pattern)
        module, _, constant = name.partition("[")[0].rpartition(".")
        ways = used.get(_key(module, constant), set())
        if (piece := slow_piece(pattern, anchored=bool(ways) and ways <= ANCHORED)) is not None:
            print(f"{name} takes more than {MOST_SECONDS} s for 64 KiB of {piece!r}: {str(pattern.pattern)[:100]}")
    for place in inline():
        if place.partition(":")[0] not in ON_SHORT_TEXT:
            print(f"{place} runs a pattern that is no constant: make it one")
    print(f"{len(seen)} patterns")


if __name__ == "__main__":
    main()
