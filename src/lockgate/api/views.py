"""How domain values look in JSON: the same shapes in the API, in `-o json` and on the wire of events."""

from datetime import datetime
from typing import Any

from lockgate.delivery.queries import Journey
from lockgate.domain.delivery import Delivery, StageRun
from lockgate.domain.event import Event
from lockgate.domain.project import Project, Stage
from lockgate.evaluation.shown import evaluation_json, plain
from lockgate.kit.clock import rfc3339

Json = dict[str, Any]


def project_json(project: Project) -> Json:
    return {"name": project.name, "stages": [_stage(stage) for stage in project.stages]}


def _stage(stage: Stage) -> Json:
    tests = stage.tests.value if stage.tests else None
    return {"name": stage.name, "deployment_strategy": stage.deployment.value, "test_strategy": tests}


def delivery_json(delivery: Delivery) -> Json:
    """*outcome* is null while it is under way."""
    return {
        "id": delivery.id,
        "project": delivery.project,
        "service": delivery.service,
        "image": delivery.artifact.image,
        "tag": delivery.artifact.tag,
        "labels": dict(delivery.labels),
        "accepted_at": _time(delivery.accepted_at),
        "finished_at": _time(delivery.finished_at),
        "outcome": delivery.outcome.value if delivery.outcome else None,
        "reason": delivery.reason,
    }


def run_json(run: StageRun) -> Json:
    return {
        "stage": run.place.stage,
        "service": run.place.service,
        "image": run.artifact.image,
        "tag": run.artifact.tag,
        "fixed": run.fixed,
        "state": run.state.value,
        "queued_at": _time(run.queued_at),
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
        "outcome": run.outcome.value if run.outcome else None,
        "reason": run.reason,
        "verdict": run.verdict or None,
        "evaluation": run.evaluation or None,
    }


def journey_json(journey: Journey) -> Json:
    """A delivery, its project's stages in order, its stage runs, and what the gates concluded."""
    return {
        **delivery_json(journey.delivery),
        "stages": list(journey.stages),
        "runs": [{**run_json(run), "waiting_for": journey.waiting_for(run)} for run in journey.runs],
        "evaluations": [evaluation_json(evaluation) for evaluation in journey.evaluations],
    }


def event_json(event: Event) -> Json:
    """CloudEvents 1.0, structured; `shkeptncontext` is the delivery's id, `lockgatecursor` its place in the log."""
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": _time(event.time),
        "datacontenttype": "application/json",
        "shkeptncontext": event.context,
        "lockgatecursor": event.cursor,
        "data": plain(event.data),
    }


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
