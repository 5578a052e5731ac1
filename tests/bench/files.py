"""`glossa ingest` of a folder of many small files in eight languages: files/s, the CPU time and the memory of each part of the service.

Run: .venv/bin/python -m tests.bench.files [--files 10000]. One file in ten is a copy of a sample document (PDF, Office, HTML, ...), the
others are a few paragraphs of them as text, Markdown, HTML, CSV, JSON or mail. The static model embeds unless you name another
(--embedder), so that it is the rest that is measured. Ends with one JSON line.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import defaultdict
from pathlib import Path

import psutil

from ingest.formats import parse
from ingest.magic import sniff
from rag.load_embedder import STATIC
from tests import service as instances
from tests.service import Service

SAMPLES = sorted((Path(__file__).parents[2] / "samples" / "documents").iterdir())
COPY_EVERY = 10
LOOK_SECONDS = 2.0
PARTS = {  # by a part of the command line, the first that fits
    "ingest.parser_process": "parsers",
    "ray::ServeReplica:ingest:Dispatcher": "dispatcher",
    "ray::ServeReplica:glossa:Retrieval": "retrieval",
    "ray::ServeReplica:glossa:Gateway": "gateway",
    "ray::ingest_document": "ingest workers",
    "ray::IDLE": "ingest workers",
    "ray::warm_up": "ingest workers",
    "haproxy": "HAProxy",
    "serving.command.cli ingest": "glossa ingest",
}
TEMPLATES = {
    "txt": "{text}",
    "md": "# {title}\n\n{text}",
    "html": "<title>{title}</title><h1>{title}</h1><p>{text}</p>",
    "csv": "number,text\n{number},{quoted}\n",
    "json": '{{"number": {number}, "text": {quoted}}}',
    "eml": "From: a@example.org\nSubject: {title}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}",
}


def write_files(folder: Path, count: int) -> None:
    """So many files, no two with the same bytes."""
    rng = random.Random(7)
    paragraphs = [p for path in SAMPLES for page in parse(path, sniff(path, path.name)) for p in page.text.split("\n\n") if len(p) > 80]
    for number in range(count):
        if number % COPY_EVERY == 0:
            write_copy(rng.choice(SAMPLES), folder, number)
            continue
        text = "\n\n".join(rng.choices(paragraphs, k=rng.randrange(1, 4)))
        kind = rng.choice(list(TEMPLATES))
        fields = {"title": f"Note {number}", "number": number, "text": text, "quoted": json.dumps(text, ensure_ascii=False)}
        (folder / f"{number:06}.{kind}").write_text(TEMPLATES[kind].format(**fields) + f"\n{number}\n" * (kind != "json"), encoding="utf-8")


def write_copy(sample: Path, folder: Path, number: int) -> None:
    """A copy that differs in bytes which are not content: a comment of the archive, or after the end."""
    copy = folder / f"{number:06}{sample.suffix}"
    copy.write_bytes(sample.read_bytes())
    if zipfile.is_zipfile(copy):
        with zipfile.ZipFile(copy, "a") as archive:
            archive.comment = str(number).encode()
    else:
        with copy.open("ab") as file:
            file.write(f"\n%{number}\n".encode())


class Watch:
    """CPU seconds and MiB of each part of the service, looked at now and then."""

    def __init__(self, service: Service) -> None:
        self.tree = psutil.Process(service.process.pid)
        self.cpu: dict[int, tuple[str, float]] = {}
        self.memory: list[dict[str, int]] = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        """Look until stopped."""
        while not self.stopped.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Note what each process has taken; what a process that has ended took since the last look is lost."""
        memory: dict[str, int] = defaultdict(int)
        for process in [self.tree, *self.tree.children(recursive=True), *psutil.Process().children()]:
            try:
                command, times = " ".join(process.cmdline()), process.cpu_times()
                part = next((name for sign, name in PARTS.items() if sign in command), "Ray and the rest")
                self.cpu[process.pid] = (part, sum(times[:4]))  # with the children that have ended: forked parsers
                memory[part] += process.memory_full_info().uss >> 20
            except psutil.Error:
                continue
        self.memory.append(dict(memory))

    def stop(self) -> dict[str, float]:
        """The CPU seconds of each part since its start."""
        self.stopped.set()
        self.thread.join()
        seconds: dict[str, float] = defaultdict(float)
        for part, taken in self.cpu.values():
            seconds[part] += taken
        return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--embedder", default=STATIC, help="'' is the encoder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "folder"
        folder.mkdir()
        print(f"writing {options.files} files ...", flush=True)
        write_files(folder, options.files)
        size = sum(path.stat().st_size for path in folder.iterdir())
        named = ("--embedder", options.embedder) if options.embedder else ()
        service = instances.start(Path(temporary) / "data", "--max-queued-documents", str(2 * options.files), *named)
        try:
            watch = Watch(service)
            watch.look()
            before = {pid: taken for pid, (_, taken) in watch.cpu.items()}
            began = time.perf_counter()
            command = [sys.executable, "-m", "serving.command.cli", "ingest", str(folder), "--data", str(service.data)]
            said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            seconds = time.perf_counter() - began
            watch.look()
            watch.cpu = {pid: (part, taken - before.get(pid, 0.0)) for pid, (part, taken) in watch.cpu.items()}
            cpu = watch.stop()
        finally:
            service.stop()
    print("\n".join(said.stdout.splitlines()[-3:]))
    print(f"{options.files} files, {size / 1e6:.0f} MB, in {seconds:.0f} s: {options.files / seconds:.1f} files/s")
    for part, taken in sorted(cpu.items(), key=lambda item: -item[1]):
        print(
            f"  {part:18} {taken:8.0f} s of CPU   {1000 * taken / options.files:6.1f} ms a file   {100 * taken / sum(cpu.values()):3.0f}%"
        )
    print("MiB of each part, at even times of the run:")
    shown = [watch.memory[i * (len(watch.memory) - 1) // 5] for i in range(6)]
    for part in cpu:
        print(f"  {part:18}", *(f"{memory.get(part, 0):8}" for memory in shown))
    print(
        json.dumps(
            {"files": options.files, "files_per_s": round(options.files / seconds, 2), "cpu_s": {p: round(s, 1) for p, s in cpu.items()}}
        )
    )


if __name__ == "__main__":
    main()
