"""Which collections take more documents, without counting them at each upload."""

from dataclasses import dataclass, field

from sqlalchemy import Engine, func, select

from rag.catalog.feed import current_version
from rag.catalog.schema import reading
from rag.catalog.tables import collections, documents
from rag.errors import TooLarge


@dataclass(frozen=True, slots=True)
class Room:
    """The limit of a collection's documents. One is shared by all threads of a process.

    Each new document takes a number of the feed at least: a collection has grown since it was counted by no more than the version has.
    """

    engine: Engine
    most: int
    _counted: dict[str, tuple[int, int]] = field(
        default_factory=dict
    )  # documents of a collection, and the version before they were counted

    def require(self, collection: str) -> None:
        """Raises TooLarge when the collection holds `most` documents or more."""
        version = current_version(self.engine)
        count, before = self._counted.get(collection, (self.most, version))
        if count + version - before < self.most:
            return
        count = self._count(collection)
        if count:  # a collection that does not exist costs nothing to count, and anybody can make up names
            self._counted[collection] = count, version
        if count >= self.most:
            raise TooLarge(
                f"The collection {collection} holds {count:,} documents, expected fewer than {self.most:,}; delete some or use another."
            )

    def _count(self, collection: str) -> int:
        held = select(func.count()).select_from(documents.join(collections)).where(collections.c.name == collection)
        with reading(self.engine) as connection:
            return connection.execute(held).scalar_one()
