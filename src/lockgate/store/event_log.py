"""The log of what happened, in SQL."""

import asyncio
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from lockgate.domain.event import Event
from lockgate.kit.typed_json import from_json, to_json
from lockgate.store.database import Database
from lockgate.store.tables import events, log_position

_POLL = 0.2  # seconds; another process may be the one that appends


class SqlEventLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, event: Event) -> bool:
        def work(connection: Connection) -> bool:
            take_order(connection)
            return append_event(connection, event)

        return await self._database.write(work)

    async def since(self, cursor: int, *, context: str | None = None, limit: int = 500) -> tuple[Event, ...]:
        query = select(events).where(events.c.cursor > cursor).order_by(events.c.cursor).limit(limit)
        if context is not None:
            query = query.where(events.c.context == context)
        return await self._database.read(lambda connection: tuple(_event(row) for row in connection.execute(query)))

    async def wait_beyond(self, cursor: int, within: float) -> bool:
        time = asyncio.get_running_loop().time
        deadline = time() + within
        while not await self._beyond(cursor):
            left = deadline - time()
            if left <= 0:
                return False
            await asyncio.sleep(min(_POLL, left))
        return True

    async def _beyond(self, cursor: int) -> bool:
        newest = select(func.max(events.c.cursor))
        return (await self._database.read(lambda connection: connection.scalar(newest)) or 0) > cursor


def take_order(connection: Connection) -> None:
    """The first statement of every transaction that writes: such transactions follow one another on every database."""
    connection.execute(update(log_position).values(cursor=log_position.c.cursor))


def append_event(connection: Connection, event: Event) -> bool:
    """After take_order. False when (source, id) was there already."""
    known = exists().where(events.c.source == event.source, events.c.id == event.id)
    if connection.scalar(select(known)):
        return False
    connection.execute(update(log_position).values(cursor=log_position.c.cursor + 1))
    stored = replace(event, cursor=connection.scalar(select(log_position.c.cursor)) or 0)
    connection.execute(insert(events).values(_columns(stored)))
    return True


def _columns(event: Event) -> dict[str, Any]:
    return {
        "cursor": event.cursor,
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "time": event.time,
        "context": event.context,
        "data": to_json(event.data, dict[str, Any]),
    }


def _event(row: Row[Any]) -> Event:
    return Event(**{**row._mapping, "data": from_json(row.data, dict[str, Any])})
