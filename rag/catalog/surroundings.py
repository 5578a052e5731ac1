"""More text around what was found: a passage's neighbours on its page, or all pages of a document."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection, Engine, func, select

from rag.catalog.documents import get
from rag.catalog.schema import reading
from rag.catalog.tables import chunks, contents, documents, pages
from rag.records import Passage


def widen(engine: Engine, passages: Sequence[Passage]) -> list[Passage]:
    """Each passage with the chunk before and the chunk after it on its page, where there are such; as it was when its document is gone."""
    with reading(engine) as connection:
        return [_widened(connection, passage) for passage in passages]


def whole_document(engine: Engine, document_id: str, visible: Collection[str] | None) -> list[Passage]:
    """The pages of a document, each as one passage, in order; pages without text are left out. Raises NotFound."""
    document = get(engine, document_id, visible)
    query = (
        select(pages.c.number, pages.c.text, contents.c.language)
        .join_from(documents, contents, documents.c.content_id == contents.c.id)
        .join(pages, pages.c.content_id == contents.c.id)
        .where(documents.c.id == document_id)
        .order_by(pages.c.number)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    return [
        Passage(document_id, document.name, row.number, 0, len(row.text), row.text, row.language, 1.0) for row in rows if row.text.strip()
    ]


def _widened(connection: Connection, passage: Passage) -> Passage:
    mine = (documents.c.id == passage.document_id) & (chunks.c.page == passage.page)
    here = select(chunks.c.start, chunks.c.end).join_from(documents, chunks, documents.c.content_id == chunks.c.content_id).where(mine)
    before = here.where(chunks.c.end <= passage.start).order_by(chunks.c.start.desc()).limit(1)
    after = here.where(chunks.c.start >= passage.end).order_by(chunks.c.start).limit(1)
    rows_before, rows_after = connection.execute(before).all(), connection.execute(after).all()
    start = rows_before[0].start if rows_before else passage.start
    end = rows_after[0].end if rows_after else passage.end
    text = connection.execute(
        select(func.substr(pages.c.text, start + 1, end - start))
        .join_from(documents, pages, documents.c.content_id == pages.c.content_id)
        .where((documents.c.id == passage.document_id) & (pages.c.number == passage.page))
    ).scalar()
    return passage if text is None else replace(passage, start=start, end=end, text=text)
