"""A section is what a parser finds before pages are numbered: a label and its text; long sections are cut at paragraph or line borders."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

PAGE_CHARACTERS = 8_000  # a screen or three: small enough to show whole beside an answer, large enough for a section of a handbook


class Section(NamedTuple):
    """One labelled piece of a document in reading order; a page once it has a number. `damaged` and `notes` as in rag.records.Page."""

    label: str
    text: str
    damaged: bool = False
    notes: tuple[str, ...] = ()


def with_notes(sections: Iterable[Section], notes: list[str]) -> Iterator[Section]:
    """Pass the sections on, each with what its parser had put into `notes` while it was made; the last one takes what came after it.

    Without any section an empty one has them.
    """
    held: Section | None = None
    for section in sections:
        if held is not None:
            yield held
        held = section._replace(notes=tuple(dict.fromkeys([*section.notes, *notes])))
        notes.clear()
    if held is not None:
        yield held._replace(notes=tuple(dict.fromkeys([*held.notes, *notes])))
    elif notes:
        yield Section("", "", notes=tuple(dict.fromkeys(notes)))


def cut(label: str, lines: Iterable[str], *, size: int = PAGE_CHARACTERS) -> Iterator[Section]:
    """Yield sections of at most `size` characters made of whole `lines` (without line ends), reading the lines lazily.

    A section ends at the last blank line of its second half, else at a line end; only a line longer than `size` is cut inside, at a space
    where it has one. Blank sections are left out.
    """
    kept: list[str] = []
    length = 0
    for line in lines:
        for piece in short_pieces(line, size):
            if length + len(piece) > size:
                head, kept = _at_paragraph(kept)
                yield from _section(label, head)
                length = sum(len(each) + 1 for each in kept)
                if length + len(piece) > size:
                    yield from _section(label, kept)
                    kept, length = [], 0
            kept.append(piece)
            length += len(piece) + 1
    yield from _section(label, kept)


def short_pieces(line: str, size: int) -> Iterator[str]:
    """Yield a line, or pieces of it of at most `size` characters, cut at spaces where it has some."""
    start = 0
    while len(line) - start > size:
        end = line.rfind(" ", start + size // 2, start + size)
        end = start + size if end < 0 else end + 1
        yield line[start:end]
        start = end
    yield line[start:] if start else line


def _at_paragraph(lines: list[str]) -> tuple[list[str], list[str]]:
    for index in range(len(lines) - 1, len(lines) // 2, -1):
        if not lines[index].strip():
            return lines[:index], lines[index + 1 :]
    return lines, []


def _section(label: str, lines: list[str]) -> Iterator[Section]:
    text = "\n".join(lines).strip("\n")
    if text.strip():
        yield Section(label, text)
