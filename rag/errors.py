"""One tree of errors. Every message says what was found, what was expected and what to do; the gateway maps each leaf to a status once."""


class RagError(Exception):
    """Base of every error that Glossa raises on purpose; its text is meant for the person who caused it."""


class InvalidInput(RagError):
    """A request or a setting that cannot be served as it is (HTTP 422)."""


class NotFound(RagError):
    """The named document, collection or page does not exist, or the key may not see it (HTTP 404)."""


class TooLarge(RagError):
    """More bytes, pages or characters than the limits allow (HTTP 413)."""


class UnsupportedType(RagError):
    """The bytes are of a type that no parser reads (HTTP 415)."""


class Unreadable(RagError):
    """The bytes are of a known type but hold nothing that can be read: corrupt, encrypted, empty, scanned without text (HTTP 422)."""


class WrongState(RagError):
    """What was asked for is possible only at another stage of the document than the one it is at (HTTP 409)."""


class EmbedderMismatch(RagError):
    """A collection was embedded by another model than the one in use (HTTP 409)."""


class QueueFull(RagError):
    """More documents wait than may; come back when some are done (HTTP 429)."""


class NotYet(RagError):
    """The state that the request waits for was not reached in time; try again (HTTP 503)."""


class Unavailable(NotYet):
    """The catalog's database or the store of original files cannot be reached now (HTTP 503). Work on documents pauses until it can."""


def first_line(error: Exception) -> str:
    """What a library's error says first, for a sentence of ours; its type where it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
