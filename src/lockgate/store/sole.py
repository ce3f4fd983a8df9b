"""One control plane a database: two would take up each other's runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Connection, text

from lockgate.domain.errors import PermanentError
from lockgate.store.database import Database

_LOCK = 0x6C6F636B67617465  # "lockgate": advisory locks are numbers that all users of a database share


@asynccontextmanager
async def sole(database: Database) -> AsyncIterator[None]:
    """Held by a connection of its own, so it is free again when this process ends or is lost. A SQLite file needs none:
    its folder has a lock. Raises PermanentError when another control plane has it."""
    if database.engine.dialect.name != "postgresql":
        yield
        return
    connection = await asyncio.to_thread(_locked, database)
    try:
        yield
    finally:
        await asyncio.to_thread(connection.close)


def _locked(database: Database) -> Connection:
    connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()  # else closing would give it back to the pool, with its lock
    if connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
        return connection
    connection.close()
    place = database.engine.url.render_as_string(hide_password=True)
    raise PermanentError(f"another control plane is at work on database {place}: end it first")
