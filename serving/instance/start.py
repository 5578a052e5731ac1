"""Starts and stops one instance: Ray, Ray Serve and the application, closed to everyone without the key or Ray's token."""

import logging
import os
import shlex
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, make_url

from rag.bucket import open_blobs
from rag.catalog.documents import remove_dropped_blobs
from rag.catalog.keys import create_key, key_count, revoke
from rag.catalog.schema import migrate, open_catalog
from rag.default_embedder import waiting_for_encoder
from rag.errors import InvalidInput
from rag.load_embedder import STATIC
from rag.model_sources import may_need_hub
from rag.records import Role
from rag.settings import Settings
from serving.client.run_state import RunState
from serving.instance import ports, run_folder
from serving.instance.haproxy import haproxy_without_open_ports
from serving.models.profile import cpus_of, weights_of

if TYPE_CHECKING:
    from ray.job_config import JobConfig

REPLICA_PORTS = (20_000, 32_000)  # below those that Linux gives to clients
PORTS_EACH = 20
CONNECT_SECONDS = 5.0
NAMED = 3  # collections in a sentence; the rest is counted
RUN_KEY = "this run"  # the name of the key that lives as long as the service runs, for the page's link and the command line
Say = Callable[[str], None]


def environment(settings: Settings, temporary: Path) -> dict[str, str]:
    """Environment variables that this process, and a Ray that it starts, need."""
    models = (
        settings.embedder if settings.embedder != STATIC else None,
        settings.reranker,
        settings.tokenizer,
        settings.prompt_guard,
        *map(weights_of, (settings.llm, settings.guard)),
    )
    offline = {"HF_HUB_OFFLINE": "0" if may_need_hub(*models) else "1"}
    if settings.ray:
        return {**node_environment(temporary), **offline}
    # By default all instances have the same ports behind their HTTP front ends: where a replica of one dies, requests would go to another
    first = REPLICA_PORTS[0] + settings.port * PORTS_EACH % (REPLICA_PORTS[1] - REPLICA_PORTS[0])
    ingress = {
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(first),
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(first + 1),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(first + PORTS_EACH - 1),
    }
    token = {"RAY_AUTH_TOKEN_PATH": str(run_folder.write_secret(settings.run / "ray-token"))}
    scratch = {"TMPDIR": str(run_folder.short_way(run_folder.empty_scratch(settings.run), temporary))}
    return {**node_environment(temporary), **offline, **ingress, **token, **scratch}


def node_environment(temporary: Path) -> dict[str, str]:
    """Environment variables that must be set before Ray starts on a node."""
    haproxy = temporary / "haproxy"
    return {
        # nothing leaves the machine
        "RAY_USAGE_STATS_ENABLED": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        # Ray's own ports can run code: nobody without the token may speak to them
        "RAY_AUTH_MODE": "token",
        # these would answer anyone: Prometheus endpoints without a token, on every interface (-1 is refused as a port, and logged)
        "RAY_enable_metrics_collection": "0",
        "AUTOSCALER_METRIC_PORT": "-1",
        "DASHBOARD_METRIC_PORT": "-1",
        # a replica that does not start is retried forever, as `serving.instance.app` asks: this limit would hold before that one
        "RAY_SERVE_MAX_PER_REPLICA_RETRY_COUNT": "1000000",
        # HAProxy in front and user code on the replica's loop: 0.33 ms instead of 4.1 ms for an echo over HTTP
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_HAPROXY_NBTHREAD": "1",
        "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(haproxy_without_open_ports(haproxy)),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(haproxy / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(haproxy / "admin.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(haproxy / "metrics.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(haproxy),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(haproxy / "server-state"),
        "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": "5",  # at stop; answers take less
        # a worker without a task goes after a day, not a second: loading the embedder again would delay the next upload
        "RAY_idle_worker_killing_time_threshold_ms": "86400000",
        "RAY_DEDUP_LOGS": "1",
        "PYTHONWARNINGS": "ignore::FutureWarning",
    }


def prepare(settings: Settings, say: Say) -> tuple[Engine, str]:
    """Prepare the data folder and the catalog. Returns the catalog and the key of this run. Prints the first key, once."""
    engine = open_catalog(settings.catalog_url)
    migrate(engine)
    blobs = open_blobs(settings)
    blobs.clear_staging()
    remove_dropped_blobs(engine, blobs)
    revoke(engine, RUN_KEY)
    if key_count(engine) == 0:
        say(f"Your key for the API, shown this once and stored only as a hash:\n\n    {create_key(engine, 'first', role=Role.ADMIN)}\n")
    return engine, create_key(engine, RUN_KEY, role=Role.ADMIN)


def with_embedder(settings: Settings, engine: Engine, say: Say) -> Settings:
    """The settings with the embedder that the catalog needs, if none was given. Reports if that is the static model."""
    if settings.embedder is not None or not (waiting := waiting_for_encoder(engine)):
        return settings
    say(old_collections(waiting, settings))
    return replace(settings, embedder=STATIC)


def old_collections(names: list[str], settings: Settings) -> str:
    """The advice about collections of the static model."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    listed = ", ".join(map(repr, names[:NAMED])) + more
    data = f" --data {shlex.quote(str(settings.data))}" if settings.data != Settings().data else ""
    catalog = f" --catalog {make_url(settings.catalog).render_as_string()}" if settings.catalog else ""  # without its password
    return (
        f"The static model made the vectors of {listed}, so the service starts with it, as --embedder static does. "
        f"To search by meaning too, run `glossa reembed{data}{catalog}` while it runs, then `glossa down{data}`, and start again.\n"
    )


def installed_code() -> "JobConfig":
    """Makes Ray's workers run the installed code. Ray would put the current folder first on their path, with any `serving/` that it has."""
    from ray.job_config import JobConfig

    class InstalledCode(JobConfig):
        def _runtime_env_has_working_dir(self) -> bool:  # what Ray asks before it adds that folder (ray._private.worker.connect)
            return True

    return InstalledCode()


def connect_ray(address: str) -> tuple[str, str]:
    """Connect to a running Ray cluster. Returns its address and its dashboard's. Raises InvalidInput."""
    import ray

    try:
        if address != "auto":
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()  # Ray itself would try for minutes
        context = ray.init(address, job_config=installed_code(), namespace="glossa", log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidInput(
            f"No Ray cluster at {address} accepted the connection ({error}); start it as cluster.yaml does, give its address as HOST:PORT, "
            "and set RAY_AUTH_TOKEN_PATH to its token."
        ) from error
    return ray.get_runtime_context().gcs_address, f"http://{context.dashboard_url}"


def start_ray(settings: Settings, temporary: Path) -> tuple[str, str]:
    """Start a Ray node on this machine. Returns its address and its dashboard's."""
    import ray

    context = ray.init(
        _temp_dir=str(temporary / "ray"),
        object_spilling_directory=str(run_folder.scratch(settings.run)),
        job_config=installed_code(),
        _node_ip_address="127.0.0.1",
        num_cpus=max(settings.ingest_workers, os.cpu_count() or 1) + cpus_of(settings.llm) + cpus_of(settings.guard),
        include_dashboard=True,
        dashboard_host="127.0.0.1",
        dashboard_port=settings.dashboard_port if ports.is_free("127.0.0.1", settings.dashboard_port) else ports.free(),
        namespace="glossa",
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    return ray.get_runtime_context().gcs_address, f"http://{context.dashboard_url}"


def serve_forever(settings: Settings, say: Say = print, when_ready: Callable[[RunState], None] = lambda state: None) -> None:
    """Start everything, call `when_ready`, print the addresses, and stop everything on SIGINT or SIGTERM.

    Raises InvalidInput if the port is taken, another instance uses the data folder, or a setting is invalid.
    """
    began = time.monotonic()
    ports.require_free(settings.host, settings.port)
    with run_folder.only_one(settings.run):
        run_folder.clean_up_after_crash(settings.run)
        engine, key = prepare(settings, say)
        settings = with_embedder(settings, engine, say)
        temporary = run_folder.temporary_folder(settings.run)
        os.environ.update(environment(settings, temporary))
        tempfile.tempdir = None  # it has kept what the environment said before
        stop = threading.Event()
        try:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # during the start, as Ctrl-C
            say("Connecting to Ray ..." if settings.ray else "Starting Ray ...")
            address, dashboard = connect_ray(settings.ray) if settings.ray else start_ray(settings, temporary)
            say("Loading the index ...")
            from serving.instance import app  # imports ray.serve, which reads the environment once

            logging.getLogger("ray.serve").setLevel(logging.WARNING)  # this process says itself what happens
            app.deploy(settings)
            for remark in app.remarks():
                say(remark)
            url = address_of(settings)
            state = RunState(os.getpid(), url, dashboard, key, address, datetime.now(UTC))
            run_folder.write_state(settings.run, state)
            when_ready(state)
            announce(settings, state, time.monotonic() - began, say)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stop.set())
            stop.wait()
        except KeyboardInterrupt:  # Ctrl-C during the start: what runs already is stopped below
            say("Interrupted.")
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it running
            say("Stopping ...")
            shut_down(settings)
            revoke(engine, RUN_KEY)
            run_folder.remove_state(settings.run, temporary)
            say("Stopped.")


def address_of(settings: Settings) -> str:
    """The address at which this machine reaches the service."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def announce(settings: Settings, state: RunState, seconds: float, say: Say) -> None:
    """Print the addresses of the page and the dashboard."""
    token = settings.run / "ray-token"
    say(
        f"Ready in {seconds:.1f} s.\n\n"
        f"    Page           {state.page}\n"
        f"    Ray dashboard  {state.dashboard}{'' if settings.ray else f'   (its token is in {token})'}\n\n"
        f"Stop with Ctrl-C, or with `glossa down`."
    )


def shut_down(settings: Settings) -> None:
    """Stop Ray with everything that it runs; on an existing cluster stop only the applications.

    Nothing is drained on one machine: what matters is in the catalog, and a request cut off here is one that its client sends again; the
    shutdown of Serve itself waits half a minute for idle connections.
    """
    import ray

    if settings.ray and ray.is_initialized():
        from ray import serve

        serve.shutdown()  # type: ignore[no-untyped-call]
    ray.shutdown()
