"""Check everything that Glossa needs on this machine and report, line by line, what is missing and how to fix it."""

import importlib
import importlib.metadata
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import Requirement
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from rag.catalog.schema import open_catalog, reading
from rag.errors import RagError
from rag.settings import MIB, Settings
from serving.client import Glossa
from serving.client.records import ServiceError
from serving.client.run_state import RunState
from serving.command.background import running
from serving.instance import ports

OLDEST_PYTHON = (3, 11)
RAY_START_SECONDS = 60  # measured: 4 s on two idle cores
COMFORT = 4  # a warning is given below this multiple of the least free disk
START_RAY = """import sys, ray
ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1", _temp_dir=sys.argv[1])
ray.shutdown()"""


class Level(StrEnum):
    """The result of a check: nothing to do, something to know, something to fix."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was checked, what was found, and what to do about it."""

    check: str
    level: Level
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check; `look` may take seconds."""

    name: str
    look: Callable[[], Iterator[Finding]]


def checks(settings: Settings) -> list[Check]:
    """All checks for a service with these settings, quick ones first. Raises ServiceError if the state of a run cannot be read."""
    now = running(settings.data)
    state = now[0] if now else None
    return [
        Check("Python", check_python),
        Check("packages", check_packages),
        Check("data folder", lambda: check_data(settings.data)),
        Check("disk", lambda: check_disk(settings)),
        Check("ports", lambda: check_ports(settings, state)),
        Check("database", lambda: check_database(settings)),
        Check("embedder", lambda: check_embedder(settings.embedder)),
        Check("text recognition", check_recognition),
        Check("Ray", lambda: check_ray(state)),
        Check("service", lambda: check_service(state)),
    ]


def check_python() -> Iterator[Finding]:
    """The interpreter is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST_PYTHON:
        yield Finding("Python", Level.OK, f"{version} at {sys.executable}")
    else:
        yield Finding("Python", Level.FAULT, version, "Glossa needs Python 3.11 or newer; create the virtual environment with it.")


def check_packages(distribution: str = "glossa") -> Iterator[Finding]:
    """Every package that the distribution requires is installed, new enough and importable."""
    try:
        demands = [Requirement(line) for line in importlib.metadata.requires(distribution) or []]
    except importlib.metadata.PackageNotFoundError:
        yield Finding(
            "packages", Level.WARNING, f"{distribution} itself is not installed", "Run `pip install -e .` in its folder, or `make run`."
        )
        return
    modules: dict[str, list[str]] = {}
    for module, owners in importlib.metadata.packages_distributions().items():
        for owner in owners:
            modules.setdefault(_normal(owner), []).append(module)
    for demand in demands:
        if demand.marker is None or demand.marker.evaluate({"extra": ""}):
            yield _check_package(demand, modules.get(_normal(demand.name), []))


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _check_package(demand: Requirement, modules: list[str]) -> Finding:
    name = f"package {demand.name}"
    advice = f"Run `pip install '{demand}'`."
    try:
        version = importlib.metadata.version(demand.name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, Level.FAULT, "not installed", advice)
    if not demand.specifier.contains(version, prereleases=True):
        return Finding(name, Level.FAULT, f"{version} does not fit {demand.specifier}", advice)
    for module in sorted(module for module in modules if not module.startswith("_"))[:1]:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - a broken installation may raise anything on import; that is the finding
            return Finding(name, Level.FAULT, f"{version} cannot be imported: {error!r}", f"Reinstall it: {advice}")
    return Finding(name, Level.OK, version)


def check_data(data: Path) -> Iterator[Finding]:
    """The data folder, or the nearest folder above it that exists, can be written to."""
    folder = _nearest_folder(data)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = "Make it writable for this user, or give another folder with --data."
        yield Finding("data folder", Level.FAULT, f"{folder.absolute()} cannot be written to ({error.strerror})", advice)
        return
    found = "writable" if folder == data else "will be created at the first start"
    yield Finding("data folder", Level.OK, f"{data.absolute()}, {found}")


def check_disk(settings: Settings) -> Iterator[Finding]:
    """There is room for documents and their index."""
    free, least = shutil.disk_usage(_nearest_folder(settings.data)).free, settings.min_free_bytes
    found = f"{free // MIB:,} MiB free"
    if free < least:
        yield Finding(
            "disk", Level.FAULT, found, f"Uploads are refused below {least // MIB} MiB: free some space, or move the data folder."
        )
    elif free < COMFORT * least:
        yield Finding("disk", Level.WARNING, found, f"Uploads are refused below {least // MIB} MiB: free some space soon.")
    else:
        yield Finding("disk", Level.OK, found)


def _nearest_folder(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def check_ports(settings: Settings, state: RunState | None) -> Iterator[Finding]:
    """The ports of the service and of Ray's dashboard are free, or used by the service that runs here."""
    ours = {urlsplit(address).port for address in (state.url, state.dashboard)} if state else set()
    advice = {
        settings.port: (Level.FAULT, "Stop the program that uses it, or start with another --port."),
        settings.dashboard_port: (Level.WARNING, "Ray will use the next free port for its dashboard."),
    }
    for port, (level, what_to_do) in advice.items():
        if port in ours:
            yield Finding(f"port {port}", Level.OK, f"used by the service that runs here (process {state.pid if state else '?'})")
        elif ports.is_free(settings.host, port):
            yield Finding(f"port {port}", Level.OK, "free")
        else:
            yield Finding(f"port {port}", level, "used by another program", what_to_do)


def check_database(settings: Settings) -> Iterator[Finding]:
    """The catalog's file can be read, or its server answers."""
    url = make_url(settings.catalog_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield Finding("database", Level.OK, f"SQLite at {url.database}, will be made at the first start")
        return
    name = "SQLite" if url.get_backend_name() == "sqlite" else "PostgreSQL"
    place = url.database if name == "SQLite" else url.render_as_string()  # without its password
    try:
        engine = open_catalog(settings.catalog_url)
        with reading(engine) as connection:
            version = ".".join(map(str, engine.dialect.server_version_info or ()))
            connection.execute(text("SELECT 1"))
        engine.dispose()
    except (RagError, SQLAlchemyError, OSError) as error:
        reason = str(error).partition("\n")[0]
        advice = "Start its server, or correct --catalog." if name == "PostgreSQL" else "Move the file away, or restore a backup."
        yield Finding("database", Level.FAULT, f"{name} at {place} cannot be used: {reason}", advice)
        return
    yield Finding("database", Level.OK, f"{name} {version} at {place}")


def check_embedder(name: str | None) -> Iterator[Finding]:
    """The embedding model loads and turns a question into a vector."""
    try:
        from rag.load_embedder import STATIC, load_embedder

        began = time.perf_counter()
        embedder = load_embedder(name)
        embedder.encode_question("warm up")
        loaded = time.perf_counter()
        size = embedder.encode_question("Wo ist der Bahnhof?").shape[-1]
        read = time.perf_counter()
    except Exception as error:  # noqa: BLE001 - a damaged model or library may raise anything; that is the finding
        advice = "Give another model with --embedder, or reinstall Glossa, which bundles its own."
        yield Finding("embedder", Level.FAULT, f"{name or 'the bundled encoder'} does not load: {error}", advice)
        return
    source = "the package" if name in (None, STATIC) else name
    took = f"loaded in {loaded - began:.1f} s, a question in {1000 * (read - loaded):.1f} ms"
    yield Finding("embedder", Level.OK, f"{embedder.stamp.model} from {source}, {size} dimensions, {took}")


def check_recognition() -> Iterator[Finding]:
    """Whether scans and pictures can be read, and in which languages."""
    from ingest.recognition import DATA, installed

    missing = [f"tesseract-ocr-{data}" for data in DATA.values() if data not in installed()]
    found = f"Tesseract with {', '.join(installed())}" if installed() else "no Tesseract: scans and pictures are refused"
    advice = f"For scans in other languages, on Debian: `apt-get install {' '.join(missing)}`." if missing else ""
    yield Finding("text recognition", Level.WARNING if missing else Level.OK, found, advice)


def check_ray(state: RunState | None) -> Iterator[Finding]:
    """Ray runs for the service, or can be started; the trial uses its own process, a token and no telemetry."""
    if state is not None:
        yield Finding("Ray", Level.OK, f"runs at {state.ray_address}, dashboard at {state.dashboard}")
        return
    closed = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    try:
        with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
            command = [sys.executable, "-c", START_RAY, folder]
            environment = {**os.environ, **closed}
            tried = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RAY_START_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        yield Finding("Ray", Level.FAULT, f"did not start within {RAY_START_SECONDS} s", "Free memory and processor time, then try again.")
        return
    if tried.returncode == 0:
        yield Finding("Ray", Level.OK, "not running; it can be started")
    else:
        last = (tried.stderr.strip().splitlines() or ["no message"])[-1]
        advice = "Fix that, or run `pip install --force-reinstall 'ray[default,serve]'`."
        yield Finding("Ray", Level.FAULT, f"does not start: {last}", advice)


def check_service(state: RunState | None) -> Iterator[Finding]:
    """The running service answers."""
    if state is None:
        yield Finding("service", Level.OK, "not running; start it with `glossa up`")
        return
    with Glossa(state.url, state.key) as service:
        try:
            status = service.status()
        except ServiceError as error:
            advice = "Read the log in the data folder, then run `glossa down` and `glossa up`."
            yield Finding("service", Level.FAULT, f"runs as process {state.pid} but does not answer: {error}", advice)
            return
    yield Finding("service", Level.OK, f"answers at {state.url}: {sum(status.documents.values())} documents, embedder {status.embedder}")
