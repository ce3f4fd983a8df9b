"""Which bounds a value breaks."""

import json

from lockgate.domain.evaluation import Sample, Violation
from lockgate.domain.gate import Bound, Thresholds


def breaches(value: float, thresholds: Thresholds) -> tuple[Bound, ...]:
    """The bounds that a finite *value* breaks, all inclusive. On either side a severe breach covers the warning
    (arithmetic of Pitometer's grader 1.0.1, except that 0 is a bound there is)."""
    broken: list[Bound] = []
    if _reaches_down(value, thresholds.lower_severe):
        broken.append(Bound.LOWER_SEVERE)
    elif _reaches_down(value, thresholds.lower_warning):
        broken.append(Bound.LOWER_WARNING)
    if _reaches_up(value, thresholds.upper_severe):
        broken.append(Bound.UPPER_SEVERE)
    elif _reaches_up(value, thresholds.upper_warning):
        broken.append(Bound.UPPER_WARNING)
    return tuple(broken)


def violations(sample: Sample, thresholds: Thresholds) -> tuple[Violation, ...]:
    limits = dict(thresholds)
    return tuple(
        Violation(breach=bound.value, key=key_of(sample), value=sample.value, threshold=limits[bound])
        for bound in breaches(sample.value, thresholds)
    )


def key_of(sample: Sample) -> str:
    """The labels of a series as compact JSON with sorted names, which tells the series of one answer apart."""
    return json.dumps(dict(sample.labels), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _reaches_down(value: float, limit: float | None) -> bool:
    return limit is not None and value <= limit


def _reaches_up(value: float, limit: float | None) -> bool:
    return limit is not None and value >= limit
