"""Where Alembic begins: it runs inside the transaction that `storage.migrate` opened."""

from alembic import context

from lasttenth.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
