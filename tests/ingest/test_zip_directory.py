"""A ZIP archive says at its end how large its directory is: an unreasonable one is refused before it is read."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from ingest.archive import open_archive
from ingest.media_types import ZIP
from ingest.sandbox import Sandbox
from ingest.zip_directory import check_directory
from rag.errors import TooLarge, Unreadable
from rag.settings import ParseLimits


def many_entries(entries: int, *, said: int | None = None, name: bytes = b"") -> bytes:
    """An archive whose directory has that many entries, all of one empty member, and whose end record says `said`; ZIP64 beyond 65,534."""
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, 0, 0)
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0) + name
    directory, said = entry * entries, entries if said is None else said
    end64 = b""
    if said > 0xFFFE:
        end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, said, said, len(directory), len(local))
        end64 += struct.pack("<4sLQL", b"PK\6\7", 0, len(local) + len(directory), 1)
    short = min(said, 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, short, short, len(directory), len(local), 0)
    return local + directory + end64 + end


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (many_entries(60_000), "^The file packs 60,000 parts and at most 50,000 are read; it looks like a decompression bomb.$"),
        (many_entries(400_000), "^The file packs 400,000 parts and at most 50,000 are read; it looks like a decompression bomb.$"),
        (many_entries(400_000, said=7), "^The file's table of contents has 18,400,000 bytes and at most 8,388,608 are read;"),
        (many_entries(60_000, said=7), "^The file packs 60,000 parts and at most 50,000 are read; it looks like a decompression bomb.$"),
    ],
    ids=["end record", "ZIP64", "false number", "false number, small directory"],
)
def test_an_archive_of_too_many_parts_is_refused(tmp_path: Path, data: bytes, sentence: str) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(TooLarge, match=sentence):
        open_archive(tmp_path / "file", ParseLimits())


class CountedFile(io.BytesIO):
    """Counts the bytes that are read of it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


@pytest.mark.parametrize("said", [400_000, 7])
def test_of_400_000_entries_only_the_end_record_is_read(said: int) -> None:
    file = CountedFile(many_entries(400_000, said=said))
    with pytest.raises(TooLarge):
        check_directory(file)
    assert file.taken < 66_000


def test_the_sandbox_reports_it_as_a_failure_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(many_entries(400_000))
    sandbox = Sandbox()
    with pytest.raises(TooLarge, match="packs 400,000 parts"):
        list(sandbox.parse(tmp_path / "file", ZIP))
    sandbox.close()


def commented(comment: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"text")
        archive.comment = comment
    return out.getvalue()


@pytest.mark.parametrize("comment", [b"", b"short", b"x" * 65_535])
def test_an_archive_with_a_comment_opens(tmp_path: Path, comment: bytes) -> None:
    (tmp_path / "file").write_bytes(commented(comment))
    with open_archive(tmp_path / "file", ParseLimits()) as archive:
        assert archive.namelist() == ["a"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\5\6",
        b"PK\3\4" + bytes(30),
        b"PK\6\7" + bytes(16) + b"PK\5\6" + bytes(8) + b"\xff\xff\0\0" + bytes(6),
        commented(b"PK\5\6"),
    ],
)
def test_bytes_that_only_look_like_an_archive_are_damaged(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(Unreadable, match="damaged ZIP container"):
        open_archive(tmp_path / "file", ParseLimits())
