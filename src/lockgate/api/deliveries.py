"""Routes of deliveries and evaluations."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from lockgate.api.access import Access
from lockgate.api.journey_shapes import DeliveriesShape, EvaluationShape, EvaluationsShape, JourneyShape
from lockgate.api.pages import page_link
from lockgate.api.shapes import PageShape
from lockgate.api.views import delivery_json, journey_json
from lockgate.delivery import onboarding, queries
from lockgate.delivery.outside import Outside
from lockgate.domain.delivery import DeliveryId
from lockgate.domain.errors import NotFoundError
from lockgate.domain.names import ProjectName, ServiceName, project_name, service_name, stage_name
from lockgate.domain.project import Place, Project
from lockgate.evaluation.shown import evaluation_json

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
            await _check_names(outside, wanted, of)
        return {"deliveries": [delivery_json(one) for one in found]}

    @routes.get("/deliveries/{delivery}", response_model=JourneyShape, response_model_exclude_unset=True)
    async def get_delivery(delivery: str) -> dict[str, Any]:
        return journey_json(await queries.journey(outside, DeliveryId(delivery)))

    @routes.post("/deliveries/{delivery}/page", status_code=201, response_model=PageShape)
    async def open_page(delivery: str, request: Request) -> dict[str, Any]:
        """A link with a one-time code, good for five minutes."""
        found = await outside.deliveries.delivery(DeliveryId(delivery))
        return {"url": await page_link(request, access, found.id)}

    @routes.get("/evaluations/{evaluation}", response_model=EvaluationShape, response_model_exclude_unset=True)
    async def get_evaluation(evaluation: str) -> dict[str, Any]:
        return evaluation_json(await outside.evaluations.evaluation(evaluation))

    @routes.get("/evaluations", response_model=EvaluationsShape, response_model_exclude_unset=True)
    async def list_evaluations(project: str, stage: str, service: str, limit: Limit = 50) -> dict[str, Any]:
        place = Place(project=project_name(project), stage=stage_name(stage), service=service_name(service))
        found = await outside.evaluations.latest(place, limit)
        if not found:
            (await _check_names(outside, place.project, place.service)).stage(place.stage)
        return {"evaluations": [evaluation_json(one) for one in found]}

    return routes


async def _check_names(outside: Outside, project: ProjectName, service: ServiceName | None) -> Project:
    """An empty list must not be the answer to a misspelled name. Raises NotFoundError."""
    found = await onboarding.project_now(outside, project)
    known = await onboarding.services_of(outside, project)
    if service is not None and service not in known:
        raise NotFoundError(f"service in project {project}", service, known)
    return found
