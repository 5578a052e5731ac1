"""Files inside a file, such as a mail's attachments: each is read by the parser of its own kind, in sections that bear its name.

What cannot be read is named in a note of the document that holds it. Memory holds one embedded file at a time beside its container.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ingest.identification import identify
from ingest.magic import sniff
from ingest.sections import Section
from rag.errors import RagError
from rag.settings import ParseLimits

logger = logging.getLogger(__name__)


class Embedded(NamedTuple):
    """A file in a file, as its container names it. `media_type` is given where the container knows better than the bytes."""

    name: str
    data: bytes
    media_type: str | None = None


def embedded_sections(files: Iterable[Embedded], limits: ParseLimits) -> Iterator[Section]:
    """Yield the sections of the files, labelled by their names; of one that is not read an empty one with a note that says why."""
    for number, file in enumerate(files):
        if limits.nesting < 1:
            yield _unread(file.name, "it lies in a file in a file in a file; upload it by itself")
        elif number >= limits.embedded:
            yield _unread(file.name, f"of the files in a file the first {limits.embedded} are read; upload it by itself")
        else:
            yield from _sections(file, limits)


def _sections(file: Embedded, limits: ParseLimits) -> Iterator[Section]:
    from ingest.formats import read_sections  # which imports the parsers that call this

    found = False
    try:
        with _as_file(file.data) as path:
            media_type = file.media_type or identify(path, sniff(path, file.name), limits)
            for section in read_sections(path, media_type, replace(limits, nesting=limits.nesting - 1)):
                label = file.name if section.label in ("", file.name) else f"{file.name}: {section.label}"
                found = found or bool(section.text.strip() or section.notes)
                yield section._replace(label=label)
    except RagError as error:
        yield _unread(file.name, str(error), only_rest=found)
        return
    except (MemoryError, OSError):
        raise
    except Exception:  # hostile bytes make the libraries raise anything; it concerns this embedded file alone
        logger.info("the embedded file %r cannot be read", file.name, exc_info=True)
        yield _unread(file.name, "it is corrupt or cut short", only_rest=found)
        return
    if not found:
        yield _unread(file.name, "it holds no text")


def _unread(name: str, reason: str, *, only_rest: bool = False) -> Section:
    what = "the rest of it is not read" if only_rest else "it is not read"
    return Section(
        name, "", notes=(f"The file {name} is part of this document; {what}: {reason.partition('; accepted are')[0].rstrip('.')}.",)
    )


@contextmanager
def _as_file(data: bytes) -> Iterator[Path]:
    """A file in memory, which ends with this process however that ends; the parsers want a path."""
    descriptor = os.memfd_create("embedded")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
