"""/tmp may be memory, so what is written for a while lies on the disk of the data."""

from pathlib import Path

import httpx
import psutil

from tests.service import Service, add

ROOT = Path(__file__).parents[2]  # may lie in /tmp itself


def test_temporary_files_go_below_the_data_folder(service: Service, client: httpx.Client, collection: str) -> None:
    assert add(client, "note.txt", b"The lift is repaired on Friday.", collection)["status"] == "ready"
    sockets = (service.data / "run" / "temporary").read_text()
    folders, elsewhere = dict[str, str](), []
    for process in psutil.Process(service.process.pid).children(recursive=True):
        try:
            name, environment = " ".join(process.cmdline()), process.environ()
            opened = [str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir() if link.is_symlink()]
        except (psutil.NoSuchProcess, FileNotFoundError):  # ended meanwhile
            continue
        if "ingest.parser_process" in name:  # has it from its Ray worker, which wrote its title over its own
            folders[name] = str(Path(environment["TMPDIR"]).resolve())
        elsewhere += [
            path for path in opened if path.startswith("/tmp/") and not path.startswith((sockets, str(service.data.parent), str(ROOT)))
        ]
    assert any("parser_process" in name for name in folders)
    assert set(folders.values()) == {str(service.data.resolve() / "run" / "scratch")}
    assert elsewhere == []
