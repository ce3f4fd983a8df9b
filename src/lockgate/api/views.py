"""How domain values look in JSON: the same shapes in the API, in `-o json` and on the wire of events."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lockgate.delivery.queries import Journey
from lockgate.domain.delivery import Delivery, StageRun
from lockgate.domain.evaluation import Answer, Evaluation, IndicatorResult, Sample, Unmeasured
from lockgate.domain.event import Event
from lockgate.domain.project import Project, Stage
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
        "runs": [run_json(run) for run in journey.runs],
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


def evaluation_json(evaluation: Evaluation) -> Json:
    subject = evaluation.subject
    return {
        "id": evaluation.id,
        "project": subject.place.project,
        "stage": subject.place.stage,
        "service": subject.place.service,
        "delivery": subject.delivery,
        "image": subject.image,
        "tag": subject.tag,
        "release": subject.release,
        "deployment": subject.deployment,
        "window": {"start": _time(evaluation.window.start), "end": _time(evaluation.window.end)},
        "spec": {"path": evaluation.spec.path, "revision": evaluation.spec.revision, "text": evaluation.spec.text},
        "verdict": evaluation.verdict.value,
        "score": plain(evaluation.score),
        "score_possible": plain(evaluation.score_possible),
        "needed": plain(evaluation.needed),
        "sentence": evaluation.sentence,
        "would_pass": evaluation.would_pass,
        "arithmetic": list(evaluation.arithmetic),
        "indicators": [_indicator(each) for each in evaluation.indicators],
    }


def _indicator(result: IndicatorResult) -> Json:
    measurement = result.measurement
    measured: Json = {"source": measurement.source, "query": measurement.query}
    match measurement.result:
        case Answer(samples, request, warnings):
            measured |= {"request": request, "warnings": list(warnings), "samples": [_sample(one) for one in samples]}
        case Unmeasured(reason, request):
            measured |= {"request": request, "error": reason}
    return {
        "id": result.id,
        "verdict": result.verdict.value,
        "points": plain(result.points),
        "points_possible": plain(result.points_possible),
        "measurement": measured,
        "judged": [_sample(one) for one in result.judged],
        "set_aside": [{"sample": _sample(one.sample), "reason": one.reason} for one in result.set_aside],
        "violations": [
            {"breach": one.breach, "key": one.key, "value": plain(one.value), "threshold": plain(one.threshold)}
            for one in result.violations
        ],
        "targets": plain(result.targets),
        "arithmetic": list(result.arithmetic),
        "notes": list(result.notes),
        "sentence": result.sentence,
        "would_pass": result.would_pass,
    }


def _sample(sample: Sample) -> Json:
    return {"labels": dict(sample.labels), "value": plain(sample.value), "timestamp": sample.timestamp}


def plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become the texts that Prometheus uses for them."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
