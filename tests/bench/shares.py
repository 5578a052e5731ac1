"""Which library a piece of work spends its time in, by cProfile's own time of each function, added up by package."""

import cProfile
import pstats
import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

OURS = ("rag", "ingest", "serving")
NATIVE = {  # how cProfile names the built-in functions of extension modules
    "faiss": r"faiss",
    "tantivy": r"tantivy",
    "numpy": r"numpy|of 'numpy|ufunc",
    "sqlite3": r"sqlite3",
    "torch": r"torch",
    "openvino": r"openvino",
    "sentencepiece": r"sentencepiece",
    "tokenizers": r"tokenizers",
    "lingua": r"lingua",
    "stemmer": r"Stemmer",
    "regex": r"_regex|regex\.",
    "sentencex": r"sentencex",
    "nlpo3": r"nlpo3",
    "pdfium": r"pdfium|_ctypes|ctypes",
    "lxml": r"lxml",
}


def shares(work: Callable[[], Any]) -> dict[str, float]:
    """Runs `work` and returns the share of its time by library, largest first; what is under one percent is left out."""
    profile = cProfile.Profile()
    profile.runcall(work)
    seconds: dict[str, float] = defaultdict(float)
    for (path, _, function), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        seconds[library(path, function)] += own
    total = sum(seconds.values())
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    return {name: round(own / total, 3) for name, own in ordered if own / total >= 0.01}


def library(path: str, function: str) -> str:
    """The library of one profiled function."""
    if path == "~":
        return next((name for name, pattern in NATIVE.items() if re.search(pattern, function)), "Python")
    if found := re.search(r"site-packages/([A-Za-z0-9_]+)", path):
        return found[1]
    return "Glossa" if any(f"/{part}/" in path for part in OURS) else "Python"
