"""CONTRIBUTING.md leads to files that exist, and the folders of `serving` stay small enough to read."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.findall(r"`((?:rag|ingest|serving|tests|tools)/[\w./-]*)", (ROOT / "CONTRIBUTING.md").read_text())


@pytest.mark.parametrize("path", sorted(set(NAMED)))
def test_every_path_in_contributing_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_contributing_is_a_map_of_many_files() -> None:
    assert len(NAMED) > 60


FOLDERS = sorted({path.parent.relative_to(ROOT) for path in (ROOT / "serving").rglob("*.py")} - {Path("serving")})


@pytest.mark.parametrize("folder", [str(folder) for folder in FOLDERS])
def test_a_folder_of_serving_has_three_to_fifteen_modules(folder: str) -> None:
    modules = len(list((ROOT / folder).glob("*.py")))
    assert 3 <= modules <= 15
