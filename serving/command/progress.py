"""How the command line shows that something goes on: bars on a terminal, plain lines elsewhere, always on standard error."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from rag.languages import LANGUAGES
from rag.records import Status
from serving.client import Glossa, sending
from serving.client.sending import LocalFile, Outcome
from serving.command.console import err, one_line, out, show_table

ROWS = 50  # documents that a table on a terminal lists; of more, those that failed or have another remark
DOCUMENT_COLUMNS = ("name", "status", "pages", "language", "note")


@contextmanager
def following(total: int) -> Iterator[Callable[[list[Outcome], str], None]]:
    """A function that shows how far an ingest is: a bar on a terminal, elsewhere a line for each document that is ready or has failed."""
    if not err.is_terminal:
        told: set[int] = set()

        def lines(outcomes: list[Outcome], doing: str) -> None:
            for index, outcome in enumerate(outcomes):
                if outcome.settled and index not in told:
                    told.add(index)
                    err.print(f"{len(told)}/{total} {outcome.status} {one_line(outcome.name)}", soft_wrap=True)

        yield lines
        return
    told_by = TextColumn("{task.fields[rate]} {task.fields[doing]}", markup=False)
    with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True), told_by, console=err) as bar:
        task = bar.add_task("", total=total, doing="", rate="")
        began = time.monotonic()

        def show(outcomes: list[Outcome], doing: str) -> None:
            settled = sum(o.settled for o in outcomes)
            rate = f"{settled / (time.monotonic() - began):.1f}/s" if settled else ""
            bar.update(task, completed=settled, doing=one_line(doing), rate=rate)

        yield show


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A function to call for each step of `total`, which moves a bar on a terminal."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def send_files(client: Glossa, files: list[LocalFile], collection: str, *, wait: bool) -> int:
    """Send files, show how far it is and what became of each; returns how many failed."""
    began = time.monotonic()
    with following(len(files)) as report:
        outcomes = sending.ingest(client, files, collection, wait=wait, report=report)
    noted = [outcome for outcome in outcomes if outcome.note]
    shown = noted if out.is_terminal and len(outcomes) > ROWS else outcomes
    if shown:
        rows = [(o.name, o.status, o.pages, LANGUAGES.get(o.language or "", o.language), o.note) for o in shown]
        show_table("Documents with a remark" if shown is noted else "Documents", DOCUMENT_COLUMNS, rows)
    counts = {status: sum(o.status is status for o in outcomes) for status in Status}
    pages = sum(o.pages or 0 for o in outcomes)
    told = ", ".join(f"{number:,} {status}" for status, number in counts.items() if number)
    out.print(f"{told}; {pages:,} pages in {time.monotonic() - began:.1f} s")
    return counts[Status.FAILED]
