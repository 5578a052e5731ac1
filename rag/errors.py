"""One tree of errors. Every message says what was found, what was expected and what to do. The gateway maps each leaf to a status."""


class RagError(Exception):
    """Base of all errors that Glossa raises on purpose. The text is written for the user."""


class InvalidInput(RagError):
    """A request or a setting is invalid (HTTP 422)."""


class NotFound(RagError):
    """A document, collection or page does not exist, or the key may not see it (HTTP 404)."""


class TooLarge(RagError):
    """There are more bytes, pages or characters than the limits allow (HTTP 413)."""


class UnsupportedType(RagError):
    """No parser reads files of this type (HTTP 415)."""


class Unreadable(RagError):
    """The file has a known type but no readable text: it is corrupt, encrypted, empty or a scan (HTTP 422)."""


class WrongState(RagError):
    """The document is in another state than the request needs (HTTP 409)."""


class EmbedderMismatch(RagError):
    """A collection was embedded by a model other than the one in use (HTTP 409)."""


class QueueFull(RagError):
    """Too many documents wait for ingest; retry when some are done (HTTP 429)."""


class NotYet(RagError):
    """The service is not ready for the request; retry later (HTTP 503)."""


class Unavailable(NotYet):
    """The catalog's database or the store of original files cannot be reached now (HTTP 503). Work on documents pauses until it can."""


def first_line(error: Exception) -> str:
    """What a library's error says first, for a sentence of ours; its type where it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
