"""The command `glossa`. Only the commands that need heavy packages (Ray, models) import them, so that help is shown at once."""

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

HELP = """Answer questions from your own documents, in eight languages, with citations.

glossa up --detach
glossa ingest handbook/
glossa ask "How many days of leave do I have?"
glossa down

Commands use the service at $GLOSSA_URL with the key $GLOSSA_KEY, else the one that runs on this machine on the folder --data.
Exit codes: 0 success, 1 failure, 2 wrong usage."""

app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_show_locals=False, add_completion=False)
app.command()(up)
app.command()(down)

Into = Annotated[str, typer.Option(help="Collection to put the documents into.")]
Count = Annotated[int, typer.Option("--k", min=1, help="Number of passages to find.")]
Spoken = Annotated[
    list[str] | None,
    typer.Option("--language", help=f"Search only passages in this language ({' '.join(LANGUAGES)}); may be repeated.", show_default="all"),
]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="IDs of documents, as listed by `glossa documents`.")]
PATTERN = "'*.pdf', 'contracts/*'"
AsJson = Annotated[bool, typer.Option("--json", help="Print the response as JSON.")]


@contextmanager
def service(data: Path) -> "Iterator[Glossa]":
    """The running service."""
    from serving.client import connect

    with connect(data) as client:
        yield client


@app.command()
def ingest(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders or buckets (s3://...). Hidden files in folders are skipped.")
    ],
    *,
    collection: Into = "default",
    include: Annotated[
        list[str] | None, typer.Option(help=f"Send only files that match, such as {PATTERN}; may be repeated.", show_default="all")
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Skip files that match; may be repeated.", show_default="none")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep running and send new and changed files, until Ctrl-C.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until the documents are ready or have failed.")] = True,
    data: Data = DEFAULTS.data,
) -> None:
    """Send documents to the service. A document replaces an older one of the same name.

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
    question: Annotated[str, typer.Argument(help="A question in any of the eight languages.")],
    *,
    collection: Among = None,
    k: Annotated[
        int | None, typer.Option("--k", min=1, help="Number of passages to answer from.", show_default="chosen by the service")
    ] = None,
    language: Spoken = None,
    json: AsJson = False,
    data: Data = DEFAULTS.data,
) -> None:
    """Answer a question from the documents: first the answer, as it is written, then its sources.

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
    question: Annotated[str, typer.Argument(help="A question in any of the eight languages.")],
    *,
    collection: Among = None,
    k: Count = 5,
    language: Spoken = None,
    json: AsJson = False,
    data: Data = DEFAULTS.data,
) -> None:
    """Find the passages that best answer a question.

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
    collection: Annotated[str | None, typer.Option(help="List only documents of this collection.", show_default="all")] = None,
    status: Annotated[Status | None, typer.Option(help="List only documents with this status.", show_default="all")] = None,
    language: Annotated[str | None, typer.Option(help="List only documents in this language.", show_default="all")] = None,
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
    """Apply `act` to every document. Report a missing document, or one in another state, continue with the rest, and fail at the end."""
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
    """Delete documents. From then on no answer contains them.

    Example:  glossa delete d_5f1c2a9be04d4b7c
    """
    for_each(ids, data, lambda client, id: client.delete(id), "deleted")


@app.command()
def cancel(ids: Ids, data: Data = DEFAULTS.data) -> None:
    """Stop the ingest of documents that are queued or being read. Their status becomes `failed`.

    Example:  glossa cancel d_5f1c2a9be04d4b7c
    """
    for_each(ids, data, lambda client, id: client.cancel(id), "cancelled")


@app.command()
def retry(ids: Ids, data: Data = DEFAULTS.data) -> None:
    """Queue failed documents again. The service has kept their files.

    Example:  glossa retry d_5f1c2a9be04d4b7c (an id that glossa documents --status failed lists)
    """
    for_each(ids, data, lambda client, id: client.retry(id), "queued again")


@app.command()
def status(json: AsJson = False, data: Data = DEFAULTS.data) -> None:
    """Show the status of the service and its collections.

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
    """List the bundled profiles of language models for --llm, and the GPU memory that each needs.

    The figures count the weights and the KV cache of one full window, spread over the GPUs of a replica. Further requests need more.

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
    """Run the command line and exit with its code. Expected errors are printed as one sentence here and nowhere else."""
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
