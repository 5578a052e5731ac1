"""No regular expression over a stranger's text takes more than linear time."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_pattern_ends_within_a_second_on_64_kib_of_near_matches() -> None:
    command = [sys.executable, "-m", "tests.ingest.patterns"]
    *slow, summary = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240, cwd=ROOT).stdout.splitlines()
    assert slow == []
    assert int(summary.partition(" ")[0]) > 150, "all of ingest and rag"
