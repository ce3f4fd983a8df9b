"""What every Deliveries must do. A test class derives from DeliveriesContract and has a fixture `ports`."""

import pytest

from lockgate.domain.delivery import DeliveryId
from lockgate.domain.errors import NotFoundError
from lockgate.domain.names import project_name, service_name
from lockgate.testing.contracts.lanes import LanePorts
from lockgate.testing.contracts.nouns import delivery, event, stage_run


class DeliveriesContract:
    async def test_deliveries_are_listed_newest_first_by_project_and_service(self, ports: LanePorts) -> None:
        wanted = [("d1", "carts", "sockshop"), ("d2", "orders", "sockshop"), ("d3", "carts", "bakery")]
        for id, service, project in wanted:
            one = delivery(id, service, project)
            await ports.lanes.accept(event(f"e-{id}", id), one, stage_run(one))
        shop, carts = project_name("sockshop"), service_name("carts")
        assert await _listed(ports) == ["d3", "d2", "d1"]
        assert [one.id for one in await ports.deliveries.listing(limit=2)] == ["d3", "d2"]
        assert [one.id for one in await ports.deliveries.listing(shop)] == ["d2", "d1"]
        assert [one.id for one in await ports.deliveries.listing(service=carts)] == ["d3", "d1"]
        assert [one.id for one in await ports.deliveries.listing(shop, carts)] == ["d1"]
        assert await ports.deliveries.listing(project_name("nobody")) == ()

    async def test_an_unknown_delivery_is_named_in_the_error(self, ports: LanePorts) -> None:
        with pytest.raises(NotFoundError, match="d9"):
            await ports.deliveries.delivery(DeliveryId("d9"))
        assert await ports.deliveries.stage_runs(DeliveryId("d9")) == ()

    async def test_stage_runs_come_in_the_order_of_queueing_fixed_ones_too(self, ports: LanePorts) -> None:
        one = delivery("d1")
        await ports.lanes.accept(event("e1"), one, stage_run(one))
        for attempt, stage in ((3, "staging"), (2, "dev")):
            await ports.lanes.queue(stage_run(one, stage, attempt, fixed=attempt == 3))
        runs = await ports.deliveries.stage_runs(one.id)
        assert [(run.place.stage, run.attempt, run.fixed) for run in runs] == [
            ("dev", 1, False),
            ("staging", 3, True),
            ("dev", 2, False),
        ]


async def _listed(ports: LanePorts) -> list[str]:
    return [one.id for one in await ports.deliveries.listing()]
