"""Reading deliveries and their stage runs, in SQL."""

from sqlalchemy import select

from lockgate.domain.delivery import Delivery, DeliveryId, StageRun
from lockgate.domain.names import ProjectName, ServiceName
from lockgate.store.database import Database
from lockgate.store.rows import delivery_of, find_delivery, run_of
from lockgate.store.tables import deliveries, stage_runs


class SqlDeliveries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def delivery(self, delivery: DeliveryId) -> Delivery:
        return await self._database.read(lambda connection: find_delivery(connection, delivery))

    async def listing(
        self, project: ProjectName | None = None, service: ServiceName | None = None, limit: int = 50
    ) -> tuple[Delivery, ...]:
        query = select(deliveries).order_by(deliveries.c.number.desc()).limit(limit)
        if project is not None:
            query = query.where(deliveries.c.project == project)
        if service is not None:
            query = query.where(deliveries.c.service == service)
        return await self._database.read(
            lambda connection: tuple(delivery_of(row) for row in connection.execute(query))
        )

    async def stage_runs(self, delivery: DeliveryId) -> tuple[StageRun, ...]:
        query = select(stage_runs).where(stage_runs.c.delivery == delivery).order_by(stage_runs.c.number)
        return await self._database.read(lambda connection: tuple(run_of(row) for row in connection.execute(query)))
