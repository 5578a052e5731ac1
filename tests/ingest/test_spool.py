"""Records beyond those held in memory."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ingest.spool import HELD, Spool


@pytest.mark.parametrize("count", [0, 1, HELD - 1, HELD, 3 * HELD + 5])
def test_records_come_in_order_any_number_of_times_and_more_may_follow(count: int) -> None:
    spool = Spool[str]()
    for number in range(count):
        spool.append(f"record {number}")
    assert len(spool) == count
    assert list(spool) == list(spool) == [f"record {number}" for number in range(count)]
    next(iter(spool), None)  # and leaves the rest
    for number in range(count, count + HELD + 1):
        spool.append(f"record {number}")
    assert list(spool) == [f"record {number}" for number in range(count + HELD + 1)]


def test_a_process_that_is_killed_leaves_no_file(tmp_path: Path) -> None:
    write = """
import os, signal
from ingest.spool import HELD, Spool
spool = Spool()
for _ in range(HELD):
    spool.append(bytes(100))
print(len(list(spool)) == HELD, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    elsewhere = os.environ | {"TMPDIR": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", write], check=False, stdout=subprocess.PIPE, text=True, env=elsewhere)
    assert (ended.stdout, ended.returncode, list(tmp_path.iterdir())) == ("True\n", -signal.SIGKILL, [])


def test_a_full_disk_is_told_in_a_sentence() -> None:
    write = """
import resource
from ingest.spool import HELD, Spool
from rag.errors import NotYet
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
spool = Spool()
try:
    for _ in range(HELD):
        spool.append(bytes(100))
except NotYet as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", write], check=True, capture_output=True, text=True).stdout
    assert said == f"The disk that holds {tempfile.gettempdir()} is full (File too large); free some space.\n"
