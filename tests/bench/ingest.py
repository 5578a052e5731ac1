"""Ingest by stage: pages/s and the share of the time that each library takes, in one process, over the samples or a folder of yours.

Run: .venv/bin/python -m tests.bench.ingest [FOLDER] [--repeat 3] [--embedder static]. Ends with one JSON line.
"""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine

from ingest.context import Headings
from ingest.formats import parse
from ingest.magic import sniff
from ingest.pipeline import cut, embed_all, sample
from rag.blobs import BlobStore
from rag.catalog import documents
from rag.catalog.commit import commit
from rag.catalog.schema import migrate, open_catalog
from rag.embedder import Embedder
from rag.errors import RagError
from rag.languages import detect_document_language, detect_language
from rag.load_embedder import load_embedder
from rag.sentences import sentence_spans
from tests.bench.shares import shares

T = TypeVar("T")
LIBRARY = {
    "parse": "pypdf, pypdfium2, python-docx, ...",
    "document language": "langdetect",
    "chunk": "tokenizers, sentencex, lingua",
    "embed": "OpenVINO, or for the static model SciPy",
    "commit": "SQLAlchemy, SQLite",
}


class Stopwatch:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def __call__(self, stage: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = work()
        self.seconds[stage] += time.perf_counter() - began
        return result


def ingest_file(path: Path, turn: int, *, clock: Stopwatch, engine: Engine, blobs: BlobStore, embedder: Embedder) -> int:
    """The steps of ingest/pipeline.py, each under the clock; the number of pages. Raises RagError for a file that cannot be read."""
    media_type = sniff(path, path.name)
    pages = clock("parse", lambda: list(parse(path, media_type)))
    language = clock("document language", lambda: detect_document_language(sample(pages)))
    headings = Headings()
    pieces = clock("chunk", lambda: [piece for page in pages for piece in cut(page, headings, embedder)])
    embedded = clock("embed", lambda: list(embed_all(pieces, language, embedder)))
    staged = blobs.stage()
    staged.write(path.read_bytes() + str(turn).encode())
    staged.finish()
    row = documents.register(engine, blobs, staged, collection=f"turn {turn}", name=path.name, media_type=media_type)
    attempt = documents.start_attempt(engine, row.id) or 0
    clock("commit", lambda: commit(engine, row.id, attempt, pages=pages, chunks=embedded, language=language, embedder=embedder.stamp))
    return len(pages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("samples/documents"))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--embedder", help="as of glossa up")
    options = parser.parse_args()
    embedder = load_embedder(options.embedder)
    detect_language("warm up"), detect_document_language("warm up"), sentence_spans("warm up", "th"), embedder.encode_passages(["warm up"])
    clock, failed = Stopwatch(), 0
    pages_by_format: dict[str, int] = defaultdict(int)
    seconds_by_format: dict[str, float] = defaultdict(float)
    files = sorted(path for path in options.folder.rglob("*") if path.is_file())
    with tempfile.TemporaryDirectory() as folder:
        engine, blobs = open_catalog(f"sqlite:///{folder}/catalog.sqlite"), BlobStore(Path(folder) / "blobs")
        migrate(engine)
        ingest_one = partial(ingest_file, engine=engine, blobs=blobs, embedder=embedder)
        for turn in range(options.repeat):
            for path in files:
                began = time.perf_counter()
                try:
                    pages_by_format[path.suffix] += ingest_one(path, turn, clock=clock)
                except RagError as error:
                    print(f"{path}: {error}")
                    failed += 1
                seconds_by_format[path.suffix] += time.perf_counter() - began
        readable = [path for path in files if pages_by_format[path.suffix]]
        by_library = shares(lambda: [ingest_one(path, options.repeat, clock=Stopwatch()) for path in readable] if not failed else None)
    total, pages = sum(clock.seconds.values()), sum(pages_by_format.values())
    print(f"{pages} pages in {total:.2f} s: {pages / total:.0f} pages/s in one process; {failed} files were refused")
    for stage, seconds in clock.seconds.items():
        print(f"  {stage:18} {pages / seconds:8.0f} pages/s   {100 * seconds / total:3.0f}%   {LIBRARY[stage]}")
    for suffix, seconds in sorted(seconds_by_format.items()):
        print(f"  {suffix:18} {pages_by_format[suffix] / seconds:8.0f} pages/s")
    print("share of each library:", by_library)
    print(
        json.dumps(
            {
                "pages": pages,
                "seconds": round(total, 3),
                "stages": {stage: round(s, 3) for stage, s in clock.seconds.items()},
                "libraries": by_library,
            }
        )
    )


if __name__ == "__main__":
    main()
