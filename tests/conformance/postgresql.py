"""A PostgreSQL server of the tests' own: a temporary folder, a unix socket, no network; a test may stop it and start it again."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil


def find_server_programs() -> Path | None:
    """The folder that holds initdb and pg_ctl, newest release first; None when PostgreSQL is not installed."""
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = [Path(found).parent for found in [shutil.which("initdb")] if found]
    return next((folder for folder in packaged + on_path if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@dataclass(frozen=True)
class Server:
    """A server that runs when it is handed over."""

    programs: Path
    folder: Path
    identity: dict[str, object]  # the user that it runs as

    def address(self, database: str = "postgres") -> str:
        """Of one of its databases."""
        return f"postgresql://glossa@/{database}?unix_sock={self.folder}/.s.PGSQL.5432"

    def start(self) -> None:
        """Returns when it takes connections."""
        # fsync=off: these tests ask what is visible to whom, not what survives a loss of power.
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=60"
        self._run("pg_ctl", "-l", self.folder / "log", "-w", "-o", options, "start")

    def stop(self) -> None:
        """As a crash does: all connections end at once, and the next start recovers from the log."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def sessions(self) -> list[psutil.Process]:
        """Its processes that serve a connection each; none while it is stopped."""
        try:
            server = psutil.Process(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]))
            return [process for process in server.children() if "[local]" in " ".join(process.cmdline())]
        except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
            return []

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stopped within the block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [self.programs / program, "-D", self.folder / "data", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **self.identity)  # type: ignore[call-overload]


@contextmanager
def running_server(programs: Path) -> Iterator[Server]:
    """Starts a server, and removes every trace of it; it must run at the end."""
    folder = Path(tempfile.mkdtemp(prefix="glossa-pg-"))
    server = Server(programs, folder, _unprivileged(folder))
    try:
        server._run("initdb", "-U", "glossa", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        server.start()
        try:
            yield server
        finally:
            server.stop()
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
