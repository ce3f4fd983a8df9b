"""Alembic's entry: runs the versions on the connection that store/migrate.py holds open."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # Two processes that start at once migrate one after the other; SQLite's BEGIN IMMEDIATE does the same there.
    connection.execute(text("SELECT pg_advisory_xact_lock(7235101)"))
context.configure(connection=connection, version_table="lockgate_version")
context.run_migrations()
