"""Events of a stage run: their ids are derived from what they tell, so that a repeated step tells it once."""

from collections.abc import Mapping
from typing import Any

from lockgate.delivery.outside import Outside
from lockgate.domain.artifact import Artifact
from lockgate.domain.delivery import StageRun
from lockgate.domain.event import Event, EventType
from lockgate.domain.project import DeploymentStrategy, TestStrategy
from lockgate.kit.ids import derived_id

SOURCE = "lockgate"


def event_of(outside: Outside, run: StageRun, step: str, type_: EventType, data: Mapping[str, Any]) -> Event:
    return Event(
        id=derived_id(run.id, step, type_.value),
        source=SOURCE,
        type=type_.value,
        time=outside.clock.now(),
        context=run.delivery,
        data=data,
    )


async def tell(outside: Outside, run: StageRun, step: str, type_: EventType, data: Mapping[str, Any]) -> None:
    await outside.events.append(event_of(outside, run, step, type_, data))


def stage_fields(
    run: StageRun, deployment: DeploymentStrategy | None, tests: TestStrategy | None, artifact: Artifact | None = None
) -> dict[str, Any]:
    """The seven strings that Keptn's stage events carry; `teststrategy` is empty where no test follows.
    *fixed* is there only in events about a service with a fixed image."""
    shown = artifact or run.artifact
    settling = {"fixed": True} if run.fixed else {}
    return {
        "project": run.place.project,
        "stage": run.place.stage,
        "service": run.place.service,
        "image": shown.image,
        "tag": shown.tag,
        "deploymentstrategy": deployment.value if deployment else "",
        "teststrategy": tests.value if tests else "",
        **settling,
    }


async def tell_step(outside: Outside, run: StageRun, task: str) -> None:
    """*task* is one of the pipelines' names: deploy, run_tests, evaluation_done."""
    data = {**stage_fields(run, None, None), "task": task}
    await tell(outside, run, task, EventType.STEP_STARTED, data)
