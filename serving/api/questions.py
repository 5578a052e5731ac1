"""What every way of asking shares: the check of a question, and the passages for it from where the key may look."""

from rag.catalog.collections import list_collections
from rag.errors import InvalidInput
from rag.settings import Settings
from serving.api.access.auth import CurrentKey, allowed, no_collection
from serving.api.schemas import Scope
from serving.api.services import Services
from serving.retrieval.messages import Found, Query

WRITTEN_K = 16  # passages for a language model when the question does not say; the prompt takes as many as its budget holds


def checked_question(question: str | None, settings: Settings) -> str:
    """The question without white space around it. Raises InvalidInput when it is empty or too long."""
    text = (question or "").strip()
    if not text:
        raise InvalidInput("The question is empty; write one.")
    if len(text) > settings.max_question_characters:
        raise InvalidInput(f"The question has {len(text)} characters; at most {settings.max_question_characters} are accepted. Shorten it.")
    return text


def require_collections(services: Services, names: list[str]) -> None:
    """Raise NotFound for a collection that does not exist; a key that may see one that is still empty simply finds nothing."""
    missing = sorted(set(names) - {collection.name for collection in list_collections(services.engine, frozenset(names))})
    if missing:
        raise no_collection(missing[0])


async def retrieve(question: str, scope: Scope, services: Services, key: CurrentKey, earlier: str = "") -> Found:
    """Passages for a question, which may go on from an earlier one, from where the key may look."""
    if scope.k > services.settings.max_passages:
        raise InvalidInput(f"k is {scope.k}; at most {services.settings.max_passages} passages are returned.")
    visible = allowed(key, scope.collections)  # first: what is hidden and what does not exist must look the same
    if scope.collections:
        await services.pools.reading(require_collections, services, scope.collections)
    query = Query(
        question=question,
        visible=visible,
        k=scope.k,
        languages=tuple(scope.filters.languages),
        document_ids=tuple(scope.filters.document_ids),
        min_version=scope.min_version,
        earlier=earlier,
        language=scope.language,
    )
    return await services.retrieval.search(query)
