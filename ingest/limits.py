"""The check of a part that is read into memory whole."""

from rag.errors import TooLarge
from rag.settings import ParseLimits


def check_part(size: int, what: str, limits: ParseLimits) -> None:
    """Raise TooLarge when `size` bytes of `what` are more than may be read into memory at once."""
    if size > limits.part_bytes:
        raise TooLarge(f"{what} holds {size:,} bytes of markup and at most {limits.part_bytes:,} are read; split the document.")
