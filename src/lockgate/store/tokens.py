"""API tokens and one-time codes in SQL: only their digests are stored."""

import hmac
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from lockgate.store.database import Database
from lockgate.store.digest import digest
from lockgate.store.event_log import take_order
from lockgate.store.tables import tokens


class SqlTokens:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, name: str, token: str, now: datetime, expires_at: datetime | None = None) -> None:
        mark = digest(token)

        def work(connection: Connection) -> None:
            take_order(connection)
            over = tokens.c.expires_at <= now  # nobody spends a code that has expired: only here it can go
            connection.execute(delete(tokens).where((tokens.c.digest == mark) | over))
            connection.execute(insert(tokens).values(digest=mark, name=name, created_at=now, expires_at=expires_at))

        await self._database.write(work)

    async def forget(self, name: str) -> None:
        def work(connection: Connection) -> None:
            take_order(connection)
            connection.execute(delete(tokens).where(tokens.c.name == name))

        await self._database.write(work)

    async def check(self, token: str, now: datetime) -> str | None:
        query = select(tokens).where(tokens.c.digest == digest(token))
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return _name(row, token, now)

    async def spend(self, token: str, now: datetime) -> str | None:
        this = tokens.c.digest == digest(token)

        def work(connection: Connection) -> str | None:
            name = _name(connection.execute(select(tokens).where(this)).one_or_none(), token, now)
            # The count decides, not the reading: of two transactions at once one deletes the row.
            return name if name is not None and connection.execute(delete(tokens).where(this)).rowcount else None

        return await self._database.write(work)


def _name(row: Row[Any] | None, token: str, now: datetime) -> str | None:
    if row is None or not hmac.compare_digest(row.digest, digest(token)):
        return None
    return None if row.expires_at is not None and row.expires_at <= now else str(row.name)
