"""Files that ask for too much, or break their parser, cost their own failure and nothing else."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pypdf
import pytest
from pypdf.generic import DecodedStreamObject, NameObject

from ingest.formats import parse
from ingest.magic import sniff
from ingest.media_types import CSV, HTML, PDF, TEXT
from ingest.sandbox import ParserDied, Sandbox
from rag.errors import TooLarge, Unreadable
from rag.settings import ParseLimits
from tests.waiting import eventually

MIB = 1 << 20


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    opened = Sandbox(ParseLimits(memory_bytes=400 * MIB))
    yield opened
    opened.close()


@pytest.fixture
def note(tmp_path: Path) -> Path:
    (tmp_path / "note.txt").write_text("The lift is repaired on Friday.")
    return tmp_path / "note.txt"


def slow_pdf(path: Path, pages: int = 1) -> Path:
    """Each page shows ten million glyphs, which PDFium takes many seconds to sort into lines."""
    writer = pypdf.PdfWriter()
    content = DecodedStreamObject()
    content.set_data(b"BT /F1 1 Tf " + b"(aaaaaaaaaa) Tj 1 1 Td " * 1_000_000 + b"ET")
    for _ in range(pages):
        page = writer.add_blank_page(600, 800)
        page[NameObject("/Contents")] = writer._add_object(content.flate_encode())
    writer.write(path)
    return path


def test_pages_come_as_from_the_parser_itself_with_their_number(sandbox: Sandbox, note: Path, tmp_path: Path) -> None:
    writer = pypdf.PdfWriter()
    for _ in range(3):
        writer.add_blank_page(100, 100)
    writer.write(tmp_path / "blank.pdf")
    assert [page for page, _ in sandbox.parse(note, TEXT)] == list(parse(note, TEXT))
    seen = []
    with pytest.raises(Unreadable, match="no text layer"):
        seen += [(page.number, total) for page, total in sandbox.parse(tmp_path / "blank.pdf", PDF)]
    with pytest.raises(Unreadable, match="no 'startxref'"):
        list(sandbox.parse(note, PDF))


@pytest.mark.parametrize("name", ["comments.html", "comments.txt"])
@pytest.mark.parametrize("times", [24, 30, 9_000])
def test_comments_again_and_again_are_read_like_any_text(sandbox: Sandbox, tmp_path: Path, times: int, name: str) -> None:
    (tmp_path / name).write_bytes(b"<!---->" * times + b"x")
    pages = [page.text for page, _ in sandbox.parse(tmp_path / name, sniff(tmp_path / name, name))]
    assert "".join(pages).replace("<!---->", "") == "x"


def test_the_number_of_pages_is_known_from_the_first_one_on(sandbox: Sandbox, tmp_path: Path) -> None:
    writer = pypdf.PdfWriter()
    for _ in range(3):
        writer.add_blank_page(100, 100)
    writer.write(tmp_path / "blank.pdf")
    pages = sandbox.parse(tmp_path / "blank.pdf", PDF)
    assert [(page.number, total) for page, total in (next(pages), next(pages), next(pages))] == [(1, 3), (2, 3), (3, 3)]


def test_a_file_that_needs_too_much_memory_fails_alone(sandbox: Sandbox, note: Path, tmp_path: Path) -> None:
    (tmp_path / "deep.html").write_text("<html><body>" + "<p class='a'><b>x</b> y" * 1_200_000)
    with pytest.raises(TooLarge, match="needs more than the 400 MiB of memory"):
        list(sandbox.parse(tmp_path / "deep.html", HTML))
    assert len(list(sandbox.parse(note, TEXT))) == 1


def test_a_page_that_takes_too_long_fails_alone(note: Path, tmp_path: Path) -> None:
    sandbox = Sandbox(ParseLimits(page_seconds=2))
    with pytest.raises(TooLarge, match="page 1 took more than 2 seconds"):
        list(sandbox.parse(slow_pdf(tmp_path / "slow.pdf"), PDF))
    assert len(list(sandbox.parse(note, TEXT))) == 1
    sandbox.close()


def test_a_file_whose_pages_together_take_too_long_fails_alone(note: Path, tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("name;place\n" + "Anna;Bonn\n" * 200_000)
    sandbox = Sandbox(ParseLimits(seconds=0))
    with pytest.raises(TooLarge, match="Reading 1 pages took over 0 minutes"):
        list(sandbox.parse(tmp_path / "long.csv", CSV))
    assert len(list(parse(note, TEXT))) == 1
    sandbox.close()


def kill_parser(server: int) -> None:
    parsers: list[psutil.Process] = []

    def started() -> bool:
        parsers[:] = psutil.Process(server).children()
        return bool(parsers)

    eventually(started)
    parsers[0].kill()


def test_a_parser_that_dies_fails_its_file_alone(note: Path, tmp_path: Path) -> None:
    sandbox = Sandbox()
    assert len(list(sandbox.parse(note, TEXT))) == 1
    server = sandbox._server
    assert server is not None
    slow = slow_pdf(tmp_path / "slow.pdf")
    eventually(lambda: not psutil.Process(server.pid).children())
    with ThreadPoolExecutor(1) as threads:
        killing = threads.submit(kill_parser, server.pid)
        with pytest.raises(ParserDied, match="Page 1 ended the program that reads it"):  # in the end it would be TooLarge
            list(sandbox.parse(slow, PDF))
        killing.result()
    assert len(list(sandbox.parse(note, TEXT))) == 1
    server.kill()
    server.wait()
    assert len(list(sandbox.parse(note, TEXT))) == 1, "a server that died is started again"
    sandbox.close()


def test_a_reader_who_stops_early_leaves_nothing_running(note: Path, tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("name;place\n" + "Anna;Bonn\n" * 200_000)
    sandbox = Sandbox()
    pages = sandbox.parse(tmp_path / "long.csv", CSV)
    assert next(pages)[0].number == 1
    pages.close()  # type: ignore[attr-defined]  # a generator
    assert len(list(sandbox.parse(note, TEXT))) == 1
    assert sandbox._server is not None
    eventually(lambda: not psutil.Process(sandbox._server.pid).children())  # type: ignore[union-attr]
    sandbox.close()


def test_a_worker_that_is_killed_takes_server_and_parser_with_it(tmp_path: Path) -> None:
    slow = slow_pdf(tmp_path / "slow.pdf", pages=4)
    code = f"from pathlib import Path; from ingest.sandbox import Sandbox; list(Sandbox().parse(Path({str(slow)!r}), {PDF!r}))"
    worker = subprocess.Popen([sys.executable, "-c", code])
    processes: list[psutil.Process] = []

    def both() -> bool:
        """The server, and the parser that it forked; at first it asks Tesseract for its languages."""
        processes[:] = psutil.Process(worker.pid).children(recursive=True)
        with contextlib.suppress(psutil.NoSuchProcess):
            return len(processes) == 2 and all("ingest.parser_process" in process.cmdline() for process in processes)
        return False

    try:
        eventually(both)
        (parser,) = (process for process in processes if process.ppid() != worker.pid)
        parser.send_signal(signal.SIGSTOP)  # so that it cannot end by itself
        worker.kill()
        worker.wait()
        eventually(lambda: not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes))
    finally:
        for process in (worker, *processes):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def test_the_parser_is_ours_in_a_folder_that_has_an_ingest_of_its_own(tmp_path: Path, note: Path) -> None:
    (tmp_path / "ingest").mkdir()
    (tmp_path / "ingest" / "__init__.py").write_text("raise SystemExit('the wrong ingest')")
    code = f"from pathlib import Path; from ingest.sandbox import Sandbox; print(len(list(Sandbox().parse(Path({str(note)!r}), {TEXT!r}))))"
    done = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1\n", "")
