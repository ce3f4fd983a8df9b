"""One database, asked from asyncio: a SQLite file, or PostgreSQL."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from lockgate.domain.errors import InvalidError, TransientError

T = TypeVar("T")

_BUSY_MS = 30_000  # how long a writer waits for another before SQLite says "database is locked"
_THREADS = 4
_SWITCHES, _SWITCH_PAUSE = 100, 0.05  # tries, and seconds between them


class Database:
    """*url* as SQLAlchemy writes it: `sqlite:////absolute/path.db` or `postgresql+psycopg://...`.

    Work runs in threads, since SQLite has no other way and one colour of code serves both.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="store")

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run *work* in one transaction that sees one moment. Raises TransientError when the database is away."""
        return await self._run(work, write=False)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run *work* in one transaction, which is rolled back when it raises. Errors as in read."""
        return await self._run(work, write=True)

    async def close(self) -> None:
        """Ends when the work under way has. Safe to repeat."""
        await asyncio.to_thread(self._threads.shutdown)
        self.engine.dispose()

    async def _run(self, work: Callable[[Connection], T], *, write: bool) -> T:
        def transaction() -> T:
            try:
                with self.engine.connect().execution_options(lockgate_write=write) as connection, connection.begin():
                    return work(connection)
            except (OperationalError, InterfaceError) as error:
                place = self.engine.url.render_as_string(hide_password=True)
                raise TransientError(f"database {place}: {error.orig}") from error

        return await asyncio.get_running_loop().run_in_executor(self._threads, transaction)


def _engine(url: str) -> Engine:
    if url.startswith("sqlite:"):
        engine = create_engine(url, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if url.startswith("postgresql"):
        return create_engine(url, pool_pre_ping=True)
    raise InvalidError(
        f"database {url.partition(':')[0]!r} is not known: give a sqlite:/// or postgresql+psycopg:// URL"
    )


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: _begin_sqlite does
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    _switch_to_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power loss
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _switch_to_wal(cursor: DBAPICursor) -> None:
    """So that readers go on while one writes. Whoever makes the switch on a new file keeps others from it, and for that
    one lock SQLite does not wait as busy_timeout says."""
    for left in reversed(range(_SWITCHES)):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if not left:
                raise
            time.sleep(_SWITCH_PAUSE)


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: a reader that becomes a writer half-way fails when another wrote in between.
    write = connection.get_execution_options().get("lockgate_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
