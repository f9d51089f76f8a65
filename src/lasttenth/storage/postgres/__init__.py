"""The store on a PostgreSQL server with pgvector. It needs the extra `postgres`."""

from lasttenth.storage.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
