"""The language that a client's `Accept-Language` header prefers: a browser sends it by itself."""

from typing import Annotated, cast

from fastapi import Depends, Header

from rag.languages import LANGUAGES
from serving.api.schemas import Language

MOST_READ = 20  # entries; browsers send up to ten


def preferred_language(header: str | None) -> Language | None:
    """Return the one of the eight with the highest weight, the first of equals; None when there is none.

    "de-CH, fr;q=0.8" prefers German: of a tag its primary part counts. Weights that are no numbers from 0 to 1 make their entry void.
    https://www.rfc-editor.org/rfc/rfc9110#name-accept-language
    """
    best, highest = None, 0.0
    for entry in (header or "").split(",")[:MOST_READ]:
        tag, _, parameter = entry.partition(";")
        code, weight = tag.strip().partition("-")[0].lower(), _weight(parameter)
        if code in LANGUAGES and highest < weight <= 1:
            best, highest = code, weight
    return cast(Language | None, best)


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if not parameter.strip():
        return 1.0
    try:
        return float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0


async def accepted_language(
    accept_language: Annotated[str | None, Header(description="Decides where the question's language is unsure.")] = None,
) -> Language | None:
    """What a request's header prefers, for routes. A coroutine, as FastAPI would run a plain function in a thread."""
    return preferred_language(accept_language)


AcceptedLanguage = Annotated[Language | None, Depends(accepted_language)]
