"""Settings that change while Lockgate runs, in SQL."""

from sqlalchemy import Connection, insert, select, update

from lockgate.store.database import Database
from lockgate.store.event_log import take_order
from lockgate.store.tables import settings


class SqlSettings:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> str | None:
        query = select(settings.c.value).where(settings.c.key == key)
        return await self._database.read(lambda connection: connection.scalar(query))

    async def put(self, key: str, value: str) -> None:
        def work(connection: Connection) -> None:
            take_order(connection)
            changed = connection.execute(update(settings).where(settings.c.key == key).values(value=value))
            if changed.rowcount == 0:
                connection.execute(insert(settings).values(key=key, value=value))

        await self._database.write(work)
