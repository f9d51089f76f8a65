"""The words of chunks as they were indexed: taken from the documents, for an engine that makes its full text anew."""

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, select

from lasttenth.storage import schema
from lasttenth.storage.payloads import open_payload

ChunkText = tuple[int, str, str]
"""A chunk's id, its headings in one line, and its text."""

_DOCUMENTS_AT_ONCE = 100


def index_ids(connection: Connection) -> list[int]:
    """Return the ids of all indexes of all projects."""
    return list(connection.scalars(select(schema.indexes.c.id).order_by(schema.indexes.c.id)).all())


def chunk_texts(connection: Connection, index_id: int) -> Iterator[list[ChunkText]]:
    """Yield the texts of an index's chunks, some documents at a time."""
    documents, payloads = schema.documents, schema.payloads
    after = 0
    join = documents.join(
        payloads, (payloads.c.project == documents.c.project) & (payloads.c.id == documents.c.payload)
    )
    while True:
        query = select(documents.c.id, payloads.c.media_type, payloads.c.body, payloads.c.encoding).select_from(join)
        query = query.where(documents.c.index_id == index_id, documents.c.id > after).order_by(documents.c.id)
        found = connection.execute(query.limit(_DOCUMENTS_AT_ONCE)).all()
        if not found:
            return
        texts = {}
        for row in found:
            payload = open_payload(row.media_type, row.body, row.encoding)
            texts[row.id] = "" if payload is None else payload.body.decode()
        after = found[-1].id
        yield _chunks(connection, texts)


def _chunks(connection: Connection, texts: dict[int, str]) -> list[ChunkText]:
    chunks = schema.chunks
    query = select(chunks.c.id, chunks.c.document_id, chunks.c.start, chunks.c.end, chunks.c.headings)
    rows = connection.execute(query.where(chunks.c.document_id.in_(texts)).order_by(chunks.c.id)).all()
    return [
        (row.id, " ".join(msgspec.json.decode(row.headings)), texts[row.document_id][row.start : row.end])
        for row in rows
    ]
