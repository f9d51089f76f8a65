"""The numbered migrations of the schema, run by Alembic."""
