"""Routes of evaluations: what gates concluded, what one would conclude now, and what is no baseline any more."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from lockgate.api.incoming import one_line
from lockgate.api.journey_shapes import EvaluationShape, EvaluationsShape
from lockgate.api.names import check_names
from lockgate.delivery.evaluate import Question, evaluate
from lockgate.delivery.invalidate import invalidate
from lockgate.delivery.outside import Outside
from lockgate.domain.errors import InvalidError
from lockgate.domain.evaluation import Window
from lockgate.domain.labels import read_labels
from lockgate.domain.names import project_name, service_name, stage_name
from lockgate.domain.project import Place
from lockgate.evaluation.shown import evaluation_json
from lockgate.specs.gate_files import GateFile

Limit = Annotated[int, Query(ge=1, le=500)]


class SpecText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: str = Field(description="Ends in .json for a perfspec", max_length=500)
    text: str = Field(description="An SLO file has its SLI file behind the line `--- # sli.yaml`", max_length=200_000)


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project: str
    stage: str
    service: str
    start: AwareDatetime
    end: AwareDatetime
    labels: dict[str, str] = Field(default_factory=dict, description="What $LABEL.name stands for in its queries")
    spec: SpecText | None = Field(default=None, description="Another gate than the one on main")


class Invalidation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500)


def router(outside: Outside) -> APIRouter:
    routes = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])

    @routes.get("/{evaluation}", response_model=EvaluationShape, response_model_exclude_unset=True)
    async def get_evaluation(evaluation: str) -> dict[str, Any]:
        return evaluation_json(await outside.evaluations.evaluation(evaluation))

    @routes.get("", response_model=EvaluationsShape, response_model_exclude_unset=True)
    async def list_evaluations(project: str, stage: str, service: str, limit: Limit = 50) -> dict[str, Any]:
        place = _place(project, stage, service)
        found = await outside.evaluations.latest(place, limit)
        if not found:
            (await check_names(outside, place.project, place.service)).stage(place.stage)
        return {"evaluations": [evaluation_json(one) for one in found]}

    @routes.post("/now", response_model=EvaluationShape, response_model_exclude_unset=True)
    async def evaluate_now(wanted: Wanted) -> dict[str, Any]:
        """Judges a window of the release that has the traffic. Nothing is stored or changed."""
        place = _place(wanted.project, wanted.stage, wanted.service)
        gate = None if wanted.spec is None else GateFile(wanted.spec.path, wanted.spec.text)
        window = Window(start=_utc(wanted.start), end=_utc(wanted.end))
        return evaluation_json(await evaluate(outside, Question(place, window, gate, read_labels(wanted.labels))))

    @routes.post("/{evaluation}/invalidation", response_model=EvaluationShape, response_model_exclude_unset=True)
    async def invalidate_evaluation(evaluation: str, why: Invalidation) -> dict[str, Any]:
        """It stays as it is, and no later run is compared with it. The first reason stays."""
        return evaluation_json(await invalidate(outside, evaluation, one_line("reason", why.reason)))

    return routes


def _place(project: str, stage: str, service: str) -> Place:
    return Place(project=project_name(project), stage=stage_name(stage), service=service_name(service))


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise InvalidError(f"{moment.isoformat()} is no moment that anything was measured at") from error
