"""Reading deliveries and their stage runs."""

from typing import Protocol

from lockgate.domain.delivery import Delivery, DeliveryId, StageRun
from lockgate.domain.names import ProjectName, ServiceName


class Deliveries(Protocol):
    async def delivery(self, delivery: DeliveryId) -> Delivery:
        """Raises NotFoundError."""
        ...

    async def listing(
        self, project: ProjectName | None = None, service: ServiceName | None = None, limit: int = 50
    ) -> tuple[Delivery, ...]:
        """Newest first."""
        ...

    async def stage_runs(self, delivery: DeliveryId) -> tuple[StageRun, ...]:
        """In the order in which they were queued, fixed ones included."""
        ...
