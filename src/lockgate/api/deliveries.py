"""Routes of deliveries."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from lockgate.api.access import Access
from lockgate.api.journey_shapes import DeliveriesShape, JourneyShape
from lockgate.api.names import check_names
from lockgate.api.pages import page_link
from lockgate.api.shapes import PageShape
from lockgate.api.views import delivery_json, journey_json
from lockgate.delivery import queries
from lockgate.delivery.outside import Outside
from lockgate.domain.delivery import DeliveryId
from lockgate.domain.names import project_name, service_name

Limit = Annotated[int, Query(ge=1, le=500)]


def router(outside: Outside, access: Access) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["deliveries"])

    @routes.get("/deliveries", response_model=DeliveriesShape)
    async def list_deliveries(
        project: str | None = None, service: str | None = None, limit: Limit = 50
    ) -> dict[str, Any]:
        wanted = project_name(project) if project else None
        of = service_name(service) if service else None
        found = await outside.deliveries.listing(wanted, of, limit)
        if not found and wanted:
            await check_names(outside, wanted, of)
        return {"deliveries": [delivery_json(one) for one in found]}

    @routes.get("/deliveries/{delivery}", response_model=JourneyShape, response_model_exclude_unset=True)
    async def get_delivery(delivery: str) -> dict[str, Any]:
        return journey_json(await queries.journey(outside, DeliveryId(delivery)))

    @routes.post("/deliveries/{delivery}/page", status_code=201, response_model=PageShape)
    async def open_page(delivery: str, request: Request) -> dict[str, Any]:
        """A link with a one-time code, good for five minutes."""
        found = await outside.deliveries.delivery(DeliveryId(delivery))
        return {"url": await page_link(request, access, found.id)}

    return routes
