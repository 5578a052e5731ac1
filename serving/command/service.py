"""The commands of a service's life: up, down, doctor, node-env. Heavy parts are imported only where they are needed, as in cli.py."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.settings import OPTIONS, Settings
from serving.command.console import err, fail, one_line, out
from serving.command.options import DEFAULTS, Data, takes_settings

if TYPE_CHECKING:
    from serving.client.run_state import RunState
    from serving.client.sending import LocalFile


@takes_settings(*OPTIONS)
def up(
    *,
    settings: Settings,
    samples: Annotated[Path | None, typer.Option(help="Send the files of this folder once it is ready.", show_default="none")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it is ready and let it run in the background.")] = False,
) -> None:
    """Start the service, in the foreground until Ctrl-C or with --detach in the background.

    Example:  glossa up --port 9000 --detach
    """
    from serving.client.sending import find_files
    from serving.command import background

    sample_files = find_files([samples]) if samples else []
    if already := background.running(settings.data):
        state = already[0]
        fail(f"Glossa runs already on the folder {settings.data} at {state.url} (process {state.pid}); stop it with `glossa down`.")
    if detach:
        up_in_background(settings, sample_files)
        return
    from serving.instance.start import serve_forever

    serve_forever(settings, when_ready=lambda state: send_samples(state, sample_files))


def up_in_background(settings: Settings, samples: "list[LocalFile]") -> None:
    """Start the service in a process of its own and return when it is ready."""
    from serving.command import background

    child = background.launch(settings)
    try:
        with err.status(f"Starting Glossa (process {child.pid}, log {background.log_path(settings.data)})"):
            state = background.wait_until_ready(child, settings.data)
    except KeyboardInterrupt:
        child.terminate()
        raise
    send_samples(state, samples)
    said = background.take_log(settings.data)
    out.print(said, end="", soft_wrap=True)
    if state.page in said:
        return
    for name, value in {"Page": state.page, "Dashboard": state.dashboard, "Stop it": f"glossa down --data {settings.data}"}.items():
        out.print(f"  {name:<10} {value}", soft_wrap=True)


def node_env() -> None:
    """Print what a node of a Ray cluster must have in its environment before Ray starts there.

    Example:  eval "$(glossa node-env)" && ray start --head
    """
    import tempfile

    from serving.instance.start import node_environment

    folder = Path(tempfile.gettempdir()) / f"glossa-node-{os.getuid()}"
    for name, value in node_environment(folder).items():
        out.print(f"export {name}={shlex.quote(value)}", soft_wrap=True, highlight=False, markup=False)


def send_samples(state: "RunState", files: "list[LocalFile]") -> None:
    """Send `files`, if any, to the service that has just started."""
    from serving.client import Glossa
    from serving.client.records import ServiceError
    from serving.command.progress import send_files

    if not files:
        return
    try:
        with Glossa(state.url, state.key) as client:
            send_files(client, files, "default", wait=True)
    except ServiceError as error:  # the service itself is up: it goes on without the samples
        err.print(f"The samples could not be sent: {error}", soft_wrap=True)


def down(data: Data = DEFAULTS.data) -> None:
    """Stop the service that runs on the folder --data, and all that it started.

    Example:  glossa down
    """
    from serving.command import background

    found = background.running(data)
    if found is None:
        out.print(f"No service runs on the folder {data}; nothing to stop.", soft_wrap=True)
        return
    state, process = found
    with err.status(f"Stopping Glossa (process {state.pid})"):
        stopped = background.stop(process)
    if not stopped:
        log = background.log_path(data)
        fail(f"Glossa (process {state.pid}) has not stopped within {background.STOP_SECONDS:.0f} s; see {log}, then run this again.")
    out.print(f"Glossa (process {state.pid}, {state.url}) has stopped.", soft_wrap=True)


@takes_settings("embedder", "data", "catalog")
def reembed(
    *,
    settings: Settings,
    collection: Annotated[
        list[str] | None,
        typer.Option(help="Only this collection; may be repeated.", show_default="all that hold vectors of another embedder"),
    ] = None,
) -> None:
    """Change the embedder: make its vectors beside those in use, from the text that is in the catalog, while the service answers.

    The next start with this embedder switches to them at once. Stop it and run it again as you like: it goes on where it was.
    Without --embedder it prepares collections of earlier releases, which the static model made, for the one in the package.

    Examples:  glossa reembed && glossa down && glossa up
               glossa reembed --embedder BAAI/bge-m3
               glossa down && glossa up --embedder BAAI/bge-m3
    """
    from ingest.pipeline import NICENESS
    from ingest.reembedding import reembed as make_vectors
    from rag.catalog.reembedding import without_vectors
    from rag.catalog.schema import migrate, open_catalog
    from rag.default_embedder import waiting_for_encoder
    from rag.load_embedder import load_embedder
    from serving.command.progress import counting

    embedder = settings.embedder
    if settings.catalog is None and not settings.data.is_dir():
        fail(f"There is no folder {settings.data}; name the one of the service with --data.")
    os.nice(NICENESS)
    engine = open_catalog(settings.catalog_url)
    migrate(engine)
    with err.status("Loading the embedder"):
        model = load_embedder(embedder)
    total = len(without_vectors(engine, model.stamp, collection or ()))
    with counting("Embedding", total) as tick:
        names = make_vectors(engine, model, collection or (), tick)
    if not names:
        out.print(f"There is nothing to do: no other vectors than those of {model.stamp.model} are there.", soft_wrap=True)
        return
    up_again = "glossa up" + (f" --embedder {shlex.quote(embedder)}" if embedder else "")
    out.print(f"The vectors of {model.stamp.model} are ready for {', '.join(names)} ({total:,} documents embedded now).", soft_wrap=True)
    if embedder is None and (waiting := waiting_for_encoder(engine)):
        left = ", ".join(waiting)
        out.print(f"The service goes on with the static model until they are ready for {left} too: glossa reembed", soft_wrap=True)
        return
    out.print(f"Start with it to switch: glossa down, then {up_again}", soft_wrap=True)


@takes_settings("host", "port", "data", "embedder")
def doctor(*, settings: Settings) -> None:
    """Check the installation, ports, disk, model, Ray and the service, and say what to do about each fault.

    Example:  glossa doctor --port 9000
    """
    from serving.command.doctor import Level, checks

    faults = 0
    for check in checks(settings):
        with err.status(f"Looking at {check.name}"):
            findings = list(check.look())
        for finding in findings:
            style = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "bold red"}[finding.level]
            out.print(f"{finding.level:<8}", style=style, end="")
            out.print(f"{finding.check}: {one_line(finding.found)}", soft_wrap=True)
            if finding.advice:
                out.print(f"        {finding.advice}", soft_wrap=True)
            faults += finding.level is Level.FAULT
    if faults:
        fail(f"{faults} fault{'s' * (faults > 1)}; mend what stands above and run this again.")
    out.print("Nothing to mend.")
