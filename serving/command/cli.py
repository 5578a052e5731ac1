"""The command `glossa`. Heavy parts (Ray, models) are imported only by the commands that need them, so that help comes at once."""

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import RagError
from rag.languages import LANGUAGES
from rag.records import Passage, Status
from serving.command.calibrate import calibrate
from serving.command.console import FAILED, USAGE, err, harmless, out, show_sources, show_table
from serving.command.evaluate import Among, evaluate
from serving.command.keys import audit, keys
from serving.command.options import DEFAULTS, Data
from serving.command.service import doctor, down, node_env, reembed, up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serving.client import Glossa

HELP = """Answers from your own documents, in eight languages, every one cited.

glossa up --detach
glossa ingest handbook/
glossa ask "How many days of leave do I have?"
glossa down

The service is found by $GLOSSA_URL and $GLOSSA_KEY, else by the folder --data of the one that runs on this machine.
Exit codes: 0 done, 1 failed, 2 wrong usage."""

app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_show_locals=False, add_completion=False)
app.command()(up)
app.command()(down)

Into = Annotated[str, typer.Option(help="Collection that the documents go into.")]
Count = Annotated[int, typer.Option("--k", min=1, help="Number of passages to look for.")]
Spoken = Annotated[
    list[str] | None,
    typer.Option("--language", help=f"Look only in this language ({' '.join(LANGUAGES)}); may be repeated.", show_default="all"),
]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of documents, as `glossa documents` lists them.")]
PATTERN = "'*.pdf', 'contracts/*'"
AsJson = Annotated[bool, typer.Option("--json", help="Print the service's answer as JSON.")]


@contextmanager
def service(data: Path) -> "Iterator[Glossa]":
    """The running service."""
    from serving.client import connect

    with connect(data) as client:
        yield client


@app.command()
def ingest(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, and folders or buckets (s3://...) with all in them except hidden files.")
    ],
    *,
    collection: Into = "default",
    include: Annotated[list[str] | None, typer.Option(help=f"Only files like {PATTERN}; may be repeated.", show_default="all")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="No files like this; may be repeated.", show_default="none")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on and send what is new or changes, until Ctrl-C.")] = False,
    wait: Annotated[bool, typer.Option(help="Follow the documents until they are ready or have failed.")] = True,
    data: Data = DEFAULTS.data,
) -> None:
    """Send documents to the service. A document takes the place of an older one of the same name.

    Examples:  glossa ingest handbook.pdf prices.xlsx
               glossa ingest handbook/ --collection hr --no-wait
               glossa ingest shared/ --include '*.pdf' --exclude 'drafts/*' --watch
               glossa ingest s3://company/handbooks
    """
    from serving.client.sending import find_files, source
    from serving.command.progress import send_files
    from serving.command.watching import watch as send_changes

    sources = [source(path) for path in paths]
    files = find_files(sources, include or (), exclude or (), none_is_fine=watch)
    with service(data) as client:
        if watch:
            send_changes(client, sources, collection, include or (), exclude or ())
        elif send_files(client, files, collection, wait=wait):
            raise typer.Exit(FAILED)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="In any of the eight languages; so is the answer's evidence.")],
    *,
    collection: Among = None,
    k: Annotated[int | None, typer.Option("--k", min=1, help="Passages to answer from.", show_default="what suits")] = None,
    language: Spoken = None,
    json: AsJson = False,
    data: Data = DEFAULTS.data,
) -> None:
    """Answer a question from the documents: the answer as it comes, then its sources.

    Example:  glossa ask "How many days of leave do colleagues in Thailand have?"
    """
    from serving.client.records import write_record

    with service(data) as client:
        if json:
            typer.echo(write_record(client.ask(question, collections=collection, k=k, languages=language or ())))
            return
        for part in client.stream(question, collections=collection, k=k, languages=language or ()):
            if isinstance(part, str):
                out.print(harmless(part), end="", soft_wrap=True)
            else:
                out.print()
                show_sources(part.citations)
                for note in part.notes:
                    err.print(note, style="yellow", soft_wrap=True)


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="In any of the eight languages.")],
    *,
    collection: Among = None,
    k: Count = 5,
    language: Spoken = None,
    json: AsJson = False,
    data: Data = DEFAULTS.data,
) -> None:
    """Find the passages that answer a question best.

    Example:  glossa search "วันลาพักร้อน" --k 3
    """
    from serving.client.records import write_record

    with service(data) as client:
        result = client.search(question, collections=collection, k=k, languages=language or ())
    if json:
        typer.echo(write_record(result))
        return

    def row(passage: Passage) -> tuple[object, ...]:
        return f"{passage.score:.3f}", passage.name, passage.page, LANGUAGES.get(passage.language, passage.language), passage.text

    show_table("Passages", ("score", "name", "page", "language", "text"), map(row, result.passages))


@app.command()
def documents(
    collection: Annotated[str | None, typer.Option(help="Only those of this collection.", show_default="all")] = None,
    status: Annotated[Status | None, typer.Option(help="Only those of this status.", show_default="all")] = None,
    language: Annotated[str | None, typer.Option(help="Only those in this language.", show_default="all")] = None,
    data: Data = DEFAULTS.data,
) -> None:
    """List the documents, newest first.

    Example:  glossa documents --status failed
    """
    with service(data) as client:
        found = list(client.documents(collection=collection, status=status, language=language))
    columns = ("id", "name", "collection", "status", "pages", "language", "note")
    rows = [(d.id, d.name, d.collection, d.status, d.pages, LANGUAGES.get(d.language or "", d.language), d.note) for d in found]
    show_table(f"{len(found)} documents", columns, rows)


def for_each(ids: list[str], data: Path, act: "Callable[[Glossa, str], object]", done: str) -> None:
    """Do it to every document; one that is not there, or not at that stage, is told and fails the command, but not the others."""
    from serving.client.records import ServiceError

    failed = False
    with service(data) as client:
        for id in ids:
            try:
                act(client, id)
                out.print(f"{id} is {done}.", soft_wrap=True)
            except ServiceError as error:
                if error.status not in (404, 409):
                    raise
                failed = True
                err.print(str(error), style="red", soft_wrap=True)
    if failed:
        raise typer.Exit(FAILED)


@app.command()
def delete(ids: Ids, data: Data = DEFAULTS.data) -> None:
    """Delete documents; no answer names them from then on.

    Example:  glossa delete d_5f1c2a9be04d4b7c
    """
    for_each(ids, data, lambda client, id: client.delete(id), "deleted")


@app.command()
def cancel(ids: Ids, data: Data = DEFAULTS.data) -> None:
    """Stop the ingest of documents that wait or are being read; they are `failed` then.

    Example:  glossa cancel d_5f1c2a9be04d4b7c
    """
    for_each(ids, data, lambda client, id: client.cancel(id), "cancelled")


@app.command()
def retry(ids: Ids, data: Data = DEFAULTS.data) -> None:
    """Queue failed documents again, from the bytes that were sent.

    Example:  glossa retry d_5f1c2a9be04d4b7c (an id that glossa documents --status failed lists)
    """
    for_each(ids, data, lambda client, id: client.retry(id), "queued again")


@app.command()
def status(json: AsJson = False, data: Data = DEFAULTS.data) -> None:
    """Show what runs, and its collections.

    Example:  glossa status
    """
    from serving.client.records import write_record

    with service(data) as client:
        found, collections = client.status(), client.collections()
    if json:
        typer.echo(write_record(found))
        return
    counts = ", ".join(f"{number} {name}" for name, number in found.documents.items()) or "none"
    lines = {
        "service": client.url,
        "documents": counts,
        "embedder": found.embedder,
        "generator": found.generator,
        "search replicas": found.replicas,
        "version": found.version,
    }
    for name, value in lines.items():
        out.print(f"{name:<16} {value}", soft_wrap=True)
    rows = [(c.name, c.documents, c.ready, c.chunks, " ".join(c.languages), c.embedder) for c in collections]
    show_table("Collections", ("name", "documents", "ready", "chunks", "languages", "embedder"), rows)


@app.command()
def profiles() -> None:
    """List the language models that come along for --llm, and the GPU memory that each takes.

    Weights and the KV cache of one full window are spread over the GPUs of a replica; further requests need room beside them.

    Example:  glossa profiles, then glossa up --llm llama-3.1-8b
    """
    from serving.models.profile import GIB, memory_table

    rows = [
        (row.name, row.gpus, row.accelerator, f"{row.weight_bytes / GIB:.0f}", f"{row.kv_bytes_per_token / 1024:.0f}", row.window,
         f"{row.window_bytes / GIB:.0f}", f"{row.bytes_per_gpu / GIB:.0f}")
        for row in memory_table()
    ]  # fmt: skip
    columns = ("profile", "GPUs", "type", "weights GiB", "KV KiB/token", "window", "KV of a window GiB", "GiB a GPU")
    show_table("Language models", columns, rows)


app.add_typer(keys, name="keys")
app.add_typer(audit, name="audit")
app.command()(reembed)
app.command()(calibrate)
app.command()(doctor)
app.command("node-env")(node_env)
app.command("eval")(evaluate)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code; expected errors become their one sentence here and nowhere else."""
    from serving.client.records import ServiceError

    try:
        app(arguments)
    except ServiceError as error:
        err.print(harmless(str(error)), style="red", soft_wrap=True)
        sys.exit(FAILED)
    except RagError as error:
        err.print(harmless(str(error)), style="red", soft_wrap=True)
        sys.exit(USAGE)


if __name__ == "__main__":
    main()
