"""Streaming uploads: multipart bytes go to the blob store as they arrive, hashed on the way; no file is ever held in memory."""

import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from ingest.magic import sniff
from rag.blobs import StagedBlob
from rag.catalog.audit import Actor
from rag.catalog.documents import Document, register
from rag.errors import InvalidInput, RagError, TooLarge, Unreadable
from serving.api.services import Services

MAX_FIELD_BYTES = 4096  # of a form field that is not a file
MOST_WAITING = 100  # files that wait for the name of their collection; each holds a file descriptor


def clean_name(name: str, longest: int) -> str:
    """A document's name from a client's file name: a label, never a path. Folders are kept, as they tell files apart.

    Drops control and format characters, drive letters, empty, `.` and `..` parts. Raises InvalidInput when nothing or too much is left.
    """
    printable = "".join(c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    parts = [part.strip() for part in printable.replace("\\", "/").split("/")]
    cleaned = "/".join(part for part in parts if part not in ("", ".", "..") and not (len(part) == 2 and part[1] == ":"))
    if not cleaned:
        raise InvalidInput("The file has no name; give it one in the multipart part's Content-Disposition.")
    if len(cleaned) > longest:
        raise InvalidInput(f"The file name has {len(cleaned)} characters; at most {longest} are allowed. Shorten it.")
    return cleaned


@dataclass(slots=True)
class Part:
    """One part of the form while it arrives."""

    disposition: bytes = b""
    field_name: str = ""
    file_name: str | None = None
    staged: StagedBlob | None = None
    value: bytearray = field(default_factory=bytearray)
    error: RagError | None = None

    def discard(self) -> None:
        """Drop the bytes of a file; nothing to do once the blob store has adopted them."""
        if self.staged is not None:
            self.staged.discard()
            self.staged = None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one file: registered, or refused with the reason."""

    name: str
    document: Document | None
    error: RagError | None


class FormReceiver:
    """Receives one multipart form. `feed` and `abandon` block on the disk and the catalog: call them in threads, where they take turns."""

    def __init__(self, services: Services, visible: Callable[[str], str], by: Actor, boundary: bytes) -> None:
        """`visible` checks the collection named by the form and returns it, or raises the error for the client; `by` is who uploads."""
        self.services, self.visible, self.by, self.collection = services, visible, by, ""
        self.received: list[Received] = []
        self.waiting: list[Part] = []
        self.part, self.header_name, self.header_value = Part(), bytearray(), bytearray()
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self.begin,
                "on_header_field": self.on_header_field,
                "on_header_value": self.on_header_value,
                "on_header_end": self.on_header_end,
                "on_headers_finished": self.open,
                "on_part_data": self.data,
                "on_part_end": self.end,
                "on_end": self.finish,
            },
        )
        self.complete = False
        self._abandoned = False
        self._turn = threading.Lock()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body, unless the form was abandoned. Raises InvalidInput when they are not a form."""
        with self._turn:
            if self._abandoned:
                return
            try:
                self.parser.write(data)
            except MultipartParseError as error:
                raise InvalidInput(f"The body is not a valid multipart form ({error}); send files as `multipart/form-data`.") from error

    def abandon(self) -> None:
        """Drop the files that are not registered, after a `feed` that another thread is still at; no later one takes anything."""
        with self._turn:
            self._abandoned = True
            for part in (self.part, *self.waiting):
                part.discard()

    def begin(self) -> None:
        """A part starts."""
        self.part = Part()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's name."""
        self.header_name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's value."""
        self.header_value += data[start:end]

    def on_header_end(self) -> None:
        """One header is whole."""
        if self.header_name.lower() == b"content-disposition":
            self.part.disposition = bytes(self.header_value)
        self.header_name, self.header_value = bytearray(), bytearray()

    def open(self) -> None:
        """All headers of the part are there: decide what it is and stage a blob for a file."""
        _, options = parse_options_header(self.part.disposition)
        self.part.field_name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            return
        self.part.file_name = options[b"filename"].decode("utf-8", "replace")
        if len(self.received) + len(self.waiting) >= self.services.settings.max_files_per_upload:
            self.part.error = TooLarge(
                f"A request takes at most {self.services.settings.max_files_per_upload} files; send the rest in another."
            )
        else:
            self.part.staged = self.services.blobs.stage()

    def data(self, data: bytes, start: int, end: int) -> None:
        """Bytes of the part; those of a file that was refused are read past, so that the files after it arrive."""
        if self.part.file_name is None:
            self.part.value += data[start:end]
            if len(self.part.value) > MAX_FIELD_BYTES:
                raise TooLarge(f"A form field has more than {MAX_FIELD_BYTES} bytes; send documents as files.")
        elif self.part.staged is not None:
            self.write(self.part.staged, data[start:end])

    def write(self, staged: StagedBlob, data: bytes) -> None:
        """Append to the staged blob, or refuse the file and leave nothing of it."""
        limit = self.services.settings.max_file_bytes
        try:
            if staged.size + len(data) > limit:
                raise TooLarge(f"The file has more than {limit // 1048576} MiB, the most that is taken; split it.")
            staged.write(data)
        except RagError as error:
            self.refuse(error)

    def refuse(self, error: RagError) -> None:
        """Remember why the file is not taken and drop its bytes."""
        self.part.error = error
        self.part.discard()

    def end(self) -> None:
        """The part is whole: a file becomes durable here, before the answer is sent, or where the form names the collection later."""
        if self.part.file_name is None:
            if self.part.field_name == "collection":
                self.choose(self.part.value.decode("utf-8", "replace").strip())
            return
        self.waiting.append(self.part)
        if not self.collection and len(self.waiting) == MOST_WAITING:
            self.collection = self.visible("default")
        if self.collection:
            self.register_waiting()

    def choose(self, collection: str) -> None:
        """Take the collection that the form names. Raises InvalidInput when files went into another already."""
        if self.collection and collection != self.collection:
            raise InvalidInput(
                f"The form names the collection {collection!r}, but files of it are in {self.collection!r} already; name one collection, "
                f"and with {MOST_WAITING} files or more name it before them."
            )
        self.collection = self.visible(collection)
        self.register_waiting()

    def register_waiting(self) -> None:
        """Make the files durable that arrived so far, in their order."""
        while self.waiting:
            part = self.waiting[0]
            assert part.file_name is not None  # of files only
            document, name = None, part.file_name
            try:
                name = clean_name(part.file_name, self.services.settings.max_name_characters)
                if part.staged is not None:
                    document = accept(self.services, part.staged, collection=self.collection, name=name, by=self.by)
            except RagError as error:
                part.error = error
            part.discard()
            self.received.append(Received(name, document, part.error))
            del self.waiting[0]

    def finish(self) -> None:
        """The closing boundary was seen."""
        if self.waiting:
            self.choose("default")
        self.complete = True


def accept(services: Services, staged: StagedBlob, *, collection: str, name: str, by: Actor) -> Document:
    """Make one received file durable: bytes first, then its row in the catalog. Raises the reason when it is not taken."""
    try:
        if staged.size == 0:
            raise Unreadable("The file is empty; upload one with text in it.")
        media_type = sniff(staged.path, name)
        staged.finish()
        return register(services.engine, services.blobs, staged, collection=collection, name=name, media_type=media_type, by=by)
    finally:
        staged.discard()  # nothing to do once it is adopted


async def receive(request: Request, services: Services, visible: Callable[[str], str], by: Actor) -> list[Received]:
    """Read the whole form of a request. Raises InvalidInput when it is none, has no file or ends early; whole files stay."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise InvalidInput("Send files as `multipart/form-data`, each in a part named `files`.")
    form = FormReceiver(services, visible, by, options[b"boundary"])
    try:
        async for data in request.stream():
            await services.pools.receiving(form.feed, data)
    finally:
        if not form.complete:  # not awaited: a request that is cancelled must not wait, and its last `feed` may still be at work
            services.pools.receiving.start(form.abandon)
    if not form.complete:
        raise InvalidInput("The form ended before its closing boundary; send it again.")
    if not form.received:
        raise InvalidInput("The form contains no file; send each in a part named `files`.")
    return form.received
