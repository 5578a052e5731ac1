"""A PostgreSQL server of the tests' own: a temporary folder, a unix socket, no network."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def find_server_programs() -> Path | None:
    """The folder that holds initdb and pg_ctl, newest release first; None when PostgreSQL is not installed."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = [Path(found).parent for found in [shutil.which("initdb")] if found]
    return next((folder for folder in packaged + on_path if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@contextmanager
def running_server(programs: Path) -> Iterator[str]:
    """Starts a server, yields an address with a place for the database's name (`{}`), and removes every trace of it."""
    folder = Path(tempfile.mkdtemp(prefix="glossa-pg-"))
    identity = _unprivileged(folder)
    data = folder / "data"
    # fsync=off: these tests ask what is visible to whom, not what survives a loss of power.
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=60"
    try:
        _run([programs / "initdb", "-D", data, "-U", "glossa", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"], identity)
        _run([programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start"], identity)
        try:
            yield f"postgresql://glossa@/{{}}?unix_sock={folder}/.s.PGSQL.5432"
        finally:
            _run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], identity)
    finally:
        shutil.rmtree(folder)


def _unprivileged(folder: Path) -> dict[str, object]:
    """PostgreSQL refuses to run as root: then it runs as a user that owns nothing but the folder."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(command: list[str | Path], identity: dict[str, object]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **identity)  # type: ignore[call-overload]
