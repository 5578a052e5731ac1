"""A small synchronous client of the HTTP API: records instead of dicts, and one exception whose text says what to do.

from serving.client import connect

with connect() as glossa:
    upload = glossa.upload([Path("urlaub.pdf")])[0]
    answer = glossa.ask("How many days of leave are there in Germany?", min_version=upload.version)
    print(answer.answer, *(f"[{c.marker}] {c.name}, page {c.page}" for c in answer.citations), sep="\\n")
"""

import ipaddress
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
from httpx_sse import SSEError, connect_sse

from rag.records import Status
from serving.client.records import (
    Answer,
    Collection,
    Collections,
    Deleted,
    Delta,
    Document,
    DocumentPage,
    Problem,
    SearchResult,
    ServiceError,
    ServiceStatus,
    Upload,
    Uploads,
    read_record,
)
from serving.client.run_state import read_state

TIMEOUT = httpx.Timeout(300.0, connect=5.0)  # a language model on a busy machine may think for minutes; a port answers at once or never
TOO_MANY = 429
MOST_WAIT_SECONDS = 60.0
LISTED_AT_ONCE = 200  # documents per request of a listing
R = TypeVar("R")


def connect(data: Path = Path("data")) -> "Glossa":
    """A client of the service named by $GLOSSA_URL and $GLOSSA_KEY, else of the one that runs on the folder `data`. Raises ServiceError."""
    url, key = os.environ.get("GLOSSA_URL"), os.environ.get("GLOSSA_KEY")
    if url and not key:
        raise ServiceError(None, "GLOSSA_URL is set but GLOSSA_KEY is not; set it to a key of that service.")
    if url and key:
        return Glossa(url, key)
    state = read_state(data)
    if state is None:
        raise ServiceError(None, f"No service runs on the folder {data}; start one with `glossa up`, or set GLOSSA_URL and GLOSSA_KEY.")
    return Glossa(state.url, key or state.key)


def _is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified  # 0.0.0.0 as an address to call is this machine


class Glossa:
    """One service, one key. Use it in a `with`; every method raises ServiceError. Not for use by several threads at once."""

    def __init__(self, url: str, key: str) -> None:
        """`url` as in http://127.0.0.1:8000. A proxy of the environment is used, but never for a service on this machine."""
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {key}"}
        try:
            self._http = httpx.Client(base_url=self.url, headers=headers, timeout=TIMEOUT, trust_env=not _is_loopback(self.url))
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            detail = f"The address {url!r} or its key cannot be used ({error}); an address is like http://127.0.0.1:8000."
            raise ServiceError(None, detail) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def upload(self, files: Sequence[Path], *, collection: str = "default", names: Sequence[str] | None = None) -> list[Upload]:
        """Send files in one request, read from disk in pieces. Returns a row per file, in order, when all are durable.

        `names` are the names of the documents; by default the names of the files. Raises OSError if a file cannot be read.
        """
        with ExitStack() as opened:
            parts = [
                ("files", (name, opened.enter_context(path.open("rb"))))
                for path, name in zip(files, names or [path.name for path in files], strict=True)
            ]
            return self.call(Uploads, "POST", "/v1/documents", data={"collection": collection}, files=parts).documents

    def documents(self, *, collection: str | None = None, status: Status | None = None, language: str | None = None) -> Iterator[Document]:
        """All documents that match, newest first, fetched lazily."""
        query: dict[str, Any] = {"collection": collection, "status": status, "language": language, "limit": LISTED_AT_ONCE}
        query = {name: value for name, value in query.items() if value is not None}
        while True:
            page = self.call(DocumentPage, "GET", "/v1/documents", params=query)
            yield from page.documents
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    def document(self, id: str) -> Document:
        """One document in its current state."""
        return self.call(Document, "GET", f"/v1/documents/{_segment(id)}")

    def cancel(self, id: str) -> Document:
        """Stop the ingest of one document."""
        return self.call(Document, "POST", f"/v1/documents/{_segment(id)}/cancel")

    def retry(self, id: str) -> Document:
        """Queue a failed document again."""
        return self.call(Document, "POST", f"/v1/documents/{_segment(id)}/retry")

    def delete(self, id: str) -> int:
        """Delete one document; returns the version from which no replica answers from it."""
        return self.call(Deleted, "DELETE", f"/v1/documents/{_segment(id)}").version

    def search(
        self,
        question: str,
        *,
        collections: Sequence[str] | None = None,
        k: int = 5,
        languages: Sequence[str] = (),
        min_version: int | None = None,
        earlier: str | None = None,
    ) -> SearchResult:
        """The `k` best passages, in any language or only in `languages`. `collections` None means all that the key may see.

        `earlier` is the previous question, if this one may be a follow-up.
        """
        body = {**_body(question, collections, k, languages, min_version), "earlier": earlier}
        return self.call(SearchResult, "POST", "/v1/search", json=body)

    def ask(
        self,
        question: str,
        *,
        collections: Sequence[str] | None = None,
        k: int | None = None,
        languages: Sequence[str] = (),
        min_version: int | None = None,
        earlier: str | None = None,
        document_ids: Sequence[str] = (),
    ) -> Answer:
        """The answer from the `k` best passages (None: chosen by the service), with its citations.

        `earlier` is the previous question, if this one may be a follow-up. With `document_ids` only those documents may answer.
        """
        body = _body(question, collections, k, languages, min_version)
        body["filters"]["document_ids"] = list(document_ids)
        if earlier is not None:
            asked = [{"role": "user", "content": text} for text in (earlier, question)]
            body = {name: value for name, value in body.items() if name != "question"} | {"messages": asked}
        return self.call(Answer, "POST", "/v1/ask", json=body)

    def stream(
        self,
        question: str,
        *,
        collections: Sequence[str] | None = None,
        k: int | None = None,
        languages: Sequence[str] = (),
        min_version: int | None = None,
    ) -> Iterator[str | Answer]:
        """Stream the answer: pieces of text (str), and at the end the whole Answer."""
        body = {**_body(question, collections, k, languages, min_version), "stream": True}
        try:
            with connect_sse(self._http, "POST", "/v1/ask", json=body) as events:
                if events.response.is_error:
                    events.response.read()
                    raise self._refusal(events.response)
                for event in events.iter_sse():
                    if event.event == "delta":
                        yield read_record(Delta, event.data).text
                    elif event.event == "error":
                        problem = read_record(Problem, event.data)
                        raise ServiceError(problem.status, problem.detail)
                    elif event.event == "done":
                        yield read_record(Answer, event.data)
                        return
        except (httpx.HTTPError, SSEError) as error:
            raise self._unreachable(error) from error
        raise ServiceError(
            None, f"The service at {self.url} ended the answer early; ask again, and read the log of the service if it happens again."
        )

    def collections(self) -> list[Collection]:
        """The collections that the key may see."""
        return self.call(Collections, "GET", "/v1/collections").collections

    def status(self) -> ServiceStatus:
        """The status of the service."""
        return self.call(ServiceStatus, "GET", "/v1/status")

    def ready(self) -> bool:
        """Whether the service answers and has loaded its catalog; never raises."""
        try:
            return self._http.get("/readyz", timeout=5.0).is_success
        except httpx.HTTPError:
            return False

    def call(self, record: type[R], method: str, path: str, **request: Any) -> R:
        """One request and its answer as a record. A key that has sent too many waits for its turn, but not an upload: see `sending`."""
        deadline = time.monotonic() + MOST_WAIT_SECONDS
        while True:
            try:
                response = self._http.request(method, path, **request)
            except httpx.HTTPError as error:
                raise self._unreachable(error) from error
            if not response.is_error:
                return read_record(record, response.content)
            pause = float(response.headers.get("Retry-After", "1"))
            if response.status_code != TOO_MANY or "files" in request or time.monotonic() + pause > deadline:
                raise self._refusal(response)
            time.sleep(pause)

    def _refusal(self, response: httpx.Response) -> ServiceError:
        if "json" in response.headers.get("content-type", ""):
            return ServiceError(response.status_code, read_record(Problem, response.content).detail)
        return ServiceError(
            response.status_code, f"{self.url} answered {response.status_code} in a form that Glossa does not use; check the address."
        )

    def _unreachable(self, error: Exception) -> ServiceError:
        if isinstance(error, httpx.ConnectError):
            return ServiceError(None, f"Nothing answers at {self.url}; start the service with `glossa up`.")
        if isinstance(error, httpx.TimeoutException):
            return ServiceError(None, f"{self.url} did not answer in time; try again, or check it with `glossa doctor`.")
        return ServiceError(None, f"The connection to {self.url} failed ({error or type(error).__name__}); try again.")


def _segment(id: str) -> str:
    """An id as one segment of a path, whatever a person typed."""
    return quote(id, safe="")


def _body(
    question: str, collections: Sequence[str] | None, k: int | None, languages: Sequence[str], min_version: int | None
) -> dict[str, Any]:
    """The request of search and ask."""
    return {
        "question": question,
        "collections": None if collections is None else list(collections),
        "filters": {"languages": list(languages)},
        "min_version": min_version,
        **({} if k is None else {"k": k}),
    }
