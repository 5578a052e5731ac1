"""Which files are sent, under which names, in which portions."""

from pathlib import Path

import pytest

from rag.errors import InvalidInput
from rag.records import Status
from serving.client import Glossa
from serving.client.sending import BATCH_BYTES, GONE, LocalFile, Outcome, batches, find_files, send


def test_a_folder_gives_its_visible_files_sorted_with_their_path_inside_it(tmp_path: Path) -> None:
    for name in ("b.txt", "a/c.txt", ".git/config", "a/.secret", "A.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert [file.name for file in find_files([tmp_path])] == ["A.txt", "a/c.txt", "b.txt"]


def test_a_file_is_called_by_its_own_name_and_sent_once(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("1")
    assert find_files([tmp_path / "one.txt", tmp_path]) == [LocalFile(tmp_path / "one.txt", "one.txt")]


def test_a_hidden_file_that_is_named_is_sent(tmp_path: Path) -> None:
    (tmp_path / ".note.md").write_text("1")
    assert [file.name for file in find_files([tmp_path / ".note.md"])] == [".note.md"]


@pytest.mark.parametrize(
    ("include", "exclude", "names"),
    [
        ((), (), ["a/b.pdf", "a/c.txt", "d.pdf"]),
        (("*.pdf",), (), ["a/b.pdf", "d.pdf"]),
        (("*.pdf", "*.txt"), ("a/*",), ["d.pdf"]),
        (("a/*",), ("c.*",), ["a/b.pdf"]),
    ],
)
def test_patterns_choose_by_name_and_by_folder(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], names: list[str]
) -> None:
    (tmp_path / "a").mkdir()
    for name in ("a/b.pdf", "a/c.txt", "d.pdf"):
        (tmp_path / name).write_text(name)
    assert [file.name for file in find_files([tmp_path], include, exclude)] == names


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "readme.md").write_text(folder)
    with pytest.raises(InvalidInput, match=r"would both be called readme\.md"):
        find_files([tmp_path / "x", tmp_path / "y"])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no file"):
        find_files([tmp_path])


def test_batches_are_bounded_by_files_and_by_bytes(tmp_path: Path) -> None:
    small = [LocalFile(tmp_path / str(number), str(number)) for number in range(20)]
    for file in small:
        file.path.write_bytes(b"x")
    large = LocalFile(tmp_path / "large", "large")
    with large.path.open("wb") as sparse:
        sparse.truncate(BATCH_BYTES + 1)
    assert [len(batch) for batch in batches([*small, large, small[0]])] == [16, 4, 1, 1]


def test_a_file_that_vanished_fails_alone_without_asking_the_service(tmp_path: Path) -> None:
    with Glossa("http://127.0.0.1:9", "glossa_k") as nowhere:
        outcomes = send(nowhere, [LocalFile(tmp_path / "gone.txt", "gone.txt")], "default")
    note = "The file cannot be read (No such file or directory); check its permissions."
    assert outcomes == [Outcome("gone.txt", Status.FAILED, note=note)]


def test_ready_failed_and_gone_are_settled() -> None:
    assert [Outcome("x", status).settled for status in Status] == [False, False, False, True, True]
    assert Outcome("x", Status.QUEUED, note=GONE).settled
