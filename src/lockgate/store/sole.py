"""One control plane a database: two would take up each other's runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from sqlalchemy import URL, Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from lockgate.domain.errors import PermanentError, TransientError
from lockgate.store.database import Database

_LOCK = 0x6C6F636B67617465  # "lockgate": advisory locks are numbers that all users of a database share
_HOLDER = text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND classid::bigint = :lock >> 32 AND objid::bigint = :lock & 4294967295"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_IMPATIENT = {"connect_timeout": "10", "tcp_user_timeout": "10000"}  # libpq's: seconds and milliseconds

_log = logging.getLogger(__name__)


@asynccontextmanager
async def sole(database: Database, lost: Callable[[str], None], every: float = 5.0) -> AsyncIterator[None]:
    """Held by a connection of its own, so it is free again when this process ends or is lost. A SQLite file needs none:
    its folder has a lock. Raises PermanentError when another control plane has it.

    Each *every* seconds the connection is looked at. One that is gone is replaced and its lock taken again; *lost* is
    called once, with a sentence, when another control plane was faster.
    """
    if database.engine.dialect.name != "postgresql":
        yield
        return
    lock = _Lock(database.engine.url)
    await asyncio.to_thread(lock.take)
    keeping = asyncio.create_task(_keep(lock, lost, every))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        await asyncio.to_thread(lock.let_go)


async def _keep(lock: "_Lock", lost: Callable[[str], None], every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            # Shielded, since a thread cannot be cancelled: what it takes must not stay behind unseen.
            await _to_its_end(asyncio.create_task(asyncio.to_thread(lock.look)))
        except PermanentError as error:
            _log.error("%s", error)
            lost(str(error))
            return
        except (DBAPIError, TransientError) as error:
            _log.warning("the lock on the database is not held, which is tried again: %s", error)
        except Exception:  # or nobody would look any more, and nobody would know
            _log.exception("the lock on the database could not be looked at, which is tried again")


async def _to_its_end(looking: asyncio.Task[None]) -> None:
    try:
        await asyncio.shield(looking)
    except asyncio.CancelledError:
        await asyncio.wait([looking])
        raise


class _Lock:
    def __init__(self, url: URL) -> None:
        self._place = url.render_as_string(hide_password=True)
        if url.get_driver_name() == "psycopg":  # else a lost machine is noticed after a quarter of an hour
            url = url.set(query={**_IMPATIENT, **url.query})
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None
        self._session = 0

    def take(self) -> None:
        """Raises PermanentError when another has it, TransientError when it is the one lost before that still has."""
        connection = self._engine.connect()
        try:
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
                raise self._refusal(connection)
            self._session = connection.scalar(text("SELECT pg_backend_pid()")) or 0
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def look(self) -> None:
        """Take it again when its connection is gone. Errors as of take."""
        if self._connection is not None:
            try:
                self._connection.scalar(text("SELECT 1"))
                return
            except DBAPIError as error:
                _log.warning("the lock on database %s was lost with its connection: %s", self._place, error.orig)
                self.let_go()
        self.take()
        _log.warning("the lock on database %s is taken again", self._place)

    def let_go(self) -> None:
        """Given back before the connection is closed, which the server notices only a moment later."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(DBAPIError):  # lost meanwhile, and the lock with it
            if not connection.invalidated:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
        connection.close()

    def _refusal(self, connection: Connection) -> Exception:
        if self._session and connection.scalar(_HOLDER, {"lock": _LOCK}) == self._session:
            return TransientError(f"database {self._place} has not noticed yet that the connection before is gone")
        return PermanentError(f"another control plane is at work on database {self._place}: end it first")
