"""How an evaluation looks in JSON: one shape for the API, for `-o json` and for what a gate's test expects."""

import math
import re
from collections.abc import Mapping
from typing import Any, assert_never

from lockgate.domain.evaluation import Answer, Evaluation, IndicatorResult, Measurement, Sample, Unmeasured
from lockgate.kit.clock import rfc3339

Json = dict[str, Any]

_OWN = re.compile(r"^[<>]?=?\s*(?![\s+-])")


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
        "colour": subject.colour,
        "deployment": subject.deployment,
        "window": {"start": rfc3339(evaluation.window.start), "end": rfc3339(evaluation.window.end)},
        "spec": {"path": evaluation.spec.path, "revision": evaluation.spec.revision, "text": evaluation.spec.text},
        "verdict": evaluation.verdict.value,
        "score": plain(evaluation.score),
        "score_possible": plain(evaluation.score_possible),
        "in_percent": evaluation.in_percent,
        "needed": plain(evaluation.needed),
        "sentence": evaluation.sentence,
        "would_pass": evaluation.would_pass,
        "arithmetic": list(evaluation.arithmetic),
        "compared_with": list(evaluation.compared_with),
        "invalidated": evaluation.invalidated,
        "indicators": [_indicator(each) for each in evaluation.indicators],
    }


def _indicator(result: IndicatorResult) -> Json:
    return {
        "id": result.id,
        "verdict": result.verdict.value,
        "points": plain(result.points),
        "points_possible": plain(result.points_possible),
        "measurement": _measured(result.measurement),
        "judged": [_sample(one) for one in result.judged],
        "set_aside": [{"sample": _sample(one.sample), "reason": one.reason} for one in result.set_aside],
        "violations": [
            {
                "breach": one.breach,
                "key": one.key,
                "value": plain(one.value),
                "threshold": plain(one.threshold),
                "metadata": plain(one.metadata),
            }
            for one in result.violations
        ],
        "targets": plain(result.targets),
        "individual": [{**_sample(one), "targets": plain(targets)} for one, targets in result.individual],
        "key": result.is_key,
        "informational": result.is_informational,
        "arithmetic": list(result.arithmetic),
        "notes": list(result.notes),
        "sentence": result.sentence,
        "would_pass": result.would_pass,
    }


def _measured(measurement: Measurement) -> Json:
    asked: Json = {"source": measurement.source, "query": measurement.query}
    match measurement.result:
        case Answer(samples, request, warnings):
            shown = [_sample(one) for one in samples]
            return asked | {"request": request, "warnings": list(warnings), "samples": shown}
        case Unmeasured(reason, request):
            return asked | {"request": request, "error": reason}
        case _:
            assert_never(measurement.result)


def _sample(sample: Sample) -> Json:
    return {"labels": dict(sample.labels), "value": plain(sample.value), "timestamp": sample.timestamp}


def target_text(name: str, limit: float) -> str:
    """`upperSevere 1.5`; a criterion that is its own number, as `<600`, says it once, and `<=+10%` what came of it."""
    shown = f"{limit:.15g}"
    return name if _OWN.sub("", name) == shown else f"{name} {shown}"


def plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become the texts that Prometheus uses for them."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
