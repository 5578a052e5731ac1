"""Which contents a request is restricted to, before anything is searched."""

from collections.abc import Collection

from sqlalchemy import Engine, select

from rag.catalog.schema import reading
from rag.catalog.tables import collections, documents, in_sight


def contents_of(engine: Engine, document_ids: Collection[str], visible: Collection[str] | None) -> set[int]:
    """The contents of those documents that are ready and in a visible collection (None: all); unknown ids are left out."""
    wanted = documents.c.id.in_(document_ids) & documents.c.content_id.is_not(None) & in_sight(visible)
    with reading(engine) as connection:
        return set(connection.execute(select(documents.c.content_id).join_from(documents, collections).where(wanted)).scalars())
