"""Say in words what a gate concluded, why, and what would have passed."""

from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.domain import promql
from lockgate.domain.evaluation import Answer, Measurement, Sample, Verdict, Violation, Window
from lockgate.domain.gate import Bound, Gate, Indicator
from lockgate.evaluation.grading import Grade, worst
from lockgate.evaluation.numbers import readable, told_apart, with_unit
from lockgate.evaluation.score import Score, reaches

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Graded:
    """An indicator with how it came off."""

    indicator: Indicator
    measurement: Measurement
    grade: Grade


def indicator_sentence(one: Graded) -> str:
    earned = f"{readable(one.grade.points)} of {readable(one.indicator.points)} points"
    return f"{_outcome(one.grade.verdict)}: {_reason(one)}: {earned}"


def gate_sentence(gate: Gate, score: Score, all_graded: Sequence[Graded]) -> str:
    """One sentence: `failed: average response time 1.02 s is over 1 s (upperSevere): 0 of 100 points, 90 needed`."""
    if not all_graded:
        return f"{_outcome(score.verdict)}: the gate has no indicators"
    needed = readable(gate.objectives.passing)
    if score.verdict is Verdict.WARNING:
        needed = f"{readable(gate.objectives.warning)} needed for a warning, {needed} to pass"
    else:
        needed = f"{needed} needed"
    named = _telling(score.verdict, all_graded)
    reasons = "; ".join(_reason(one) for one in named[:_MOST_NAMED])
    more = f"; and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    earned = f"{readable(score.points)} of {readable(gate.points)} points"
    return f"{_outcome(score.verdict)}: {reasons or 'no bound is broken'}{more}: {earned}, {needed}"


def indicator_would_pass(one: Graded) -> str:
    """What earns all points, such as `average response time below 1 s`."""
    wanted = f"{one.indicator.title} {_within(one.indicator)}"
    match one.grade.verdict:
        case Verdict.ERROR:
            return f"{wanted}, once {one.measurement.source} answers"
        case Verdict.NO_DATA:
            return f"{wanted}, once there are values"
        case _:
            return wanted


def gate_would_pass(gate: Gate, score: Score, all_graded: Sequence[Graded]) -> str:
    """The least that would have made it a pass: everything that is missing, then whatever lost the most points.
    Empty for a pass."""
    if score.verdict is Verdict.PASS or not all_graded:
        return ""
    missing = [one for one in all_graded if not one.grade.is_judged]
    lossy = [one for one in all_graded if one.grade.is_judged and _lost(one) > 0]
    chosen, points = list(missing), score.points + sum(_lost(one) for one in missing)
    for one in sorted(lossy, key=_lost, reverse=True):
        if reaches(points, gate.objectives.passing):
            break
        chosen.append(one)
        points += _lost(one)
    return "it would have passed with " + " and ".join(indicator_would_pass(one) for one in chosen)


def notes(one: Graded, release: str, window: Window) -> tuple[str, ...]:
    """What to know of a measurement before trusting it."""
    result = one.measurement.result
    if not isinstance(result, Answer):
        return one.grade.notes
    found = [*one.grade.notes, *(f"{one.measurement.source} warns: {warning}" for warning in result.warnings)]
    unlabelled = sum(1 for sample in one.grade.judged if not sample.labels.get("release"))
    if unlabelled and isinstance(one.indicator.query, str):
        found += _mixing(one.measurement.query, unlabelled, release, window)
    return tuple(found)


def _mixing(query: str, unlabelled: int, release: str, window: Window) -> list[str]:
    found = []
    series = f"{unlabelled} series" if unlabelled > 1 else "one series"
    if promql.mixes_releases(query, release):
        found.append(f"{series} without the label `release`, judged as is: the query aggregates without selecting it")
    elif not promql.selects_release(query, release):
        found.append(f"{series} without the label `release`, judged as is")
    lookback = promql.lookback_seconds(query)
    if lookback > window.seconds:
        found.append(
            f"the query looks back {readable(lookback)} s and the tests took {readable(window.seconds)} s: "
            "the value may hold requests from before them"
        )
    return found


def _outcome(verdict: Verdict) -> str:
    match verdict:
        case Verdict.PASS:
            return "passed"
        case Verdict.WARNING:
            return "passed with a warning"
        case Verdict.FAIL:
            return "failed"
        case Verdict.NO_DATA:
            return "not judged, no data"
        case Verdict.ERROR:
            return "not judged, error"


def _telling(verdict: Verdict, all_graded: Sequence[Graded]) -> list[Graded]:
    """The indicators that brought *verdict* about, the one that lost most first."""
    if verdict is Verdict.PASS:
        return sorted(all_graded, key=_lost, reverse=True)
    if verdict in (Verdict.ERROR, Verdict.NO_DATA):
        return [one for one in all_graded if one.grade.verdict is verdict]
    return sorted((one for one in all_graded if one.grade.violations), key=_lost, reverse=True)


def _reason(one: Graded) -> str:
    title = one.indicator.title
    breach = worst(one.grade.violations)
    match one.grade.verdict:
        case Verdict.ERROR:
            return f"{title} could not be measured: {one.grade.trouble}"
        case Verdict.NO_DATA:
            missing = f"has no data: {one.grade.trouble}"
            return f"{title} {_broken(breach, one.indicator)}, and {missing}" if breach else f"{title} {missing}"
        case _:
            return f"{title} {_broken(breach, one.indicator) if breach else _kept(one)}"


def _broken(violation: Violation, indicator: Indicator) -> str:
    value, limit = violation.value or 0.0, violation.threshold or 0.0
    bound = Bound(violation.breach)
    shown_value, shown_limit = told_apart(value, limit)
    beyond = "is over" if bound.is_upper else "is under"
    relation = "is at the limit of" if value == limit else beyond
    unit = indicator.unit
    return f"{with_unit(shown_value, unit)} {relation} {with_unit(shown_limit, unit)} ({bound})"


def _kept(one: Graded) -> str:
    if not one.grade.judged:
        return "has no data, which the file ignores (ignoreEmpty)"
    sample = _nearest(one.indicator, one.grade.judged)
    limits = [limit for _, limit in one.indicator.thresholds]
    nearest = min(limits, key=lambda limit: abs(limit - sample.value), default=sample.value)
    return f"{with_unit(told_apart(sample.value, nearest)[0], one.indicator.unit)} is {_within(one.indicator)}"


def _nearest(indicator: Indicator, judged: Sequence[Sample]) -> Sample:
    """The series that came closest to a bound."""
    limits = [limit for _, limit in indicator.thresholds]
    return min(judged, key=lambda sample: min((abs(limit - sample.value) for limit in limits), default=0.0))


def _within(indicator: Indicator) -> str:
    """The values that earn all points, in words."""
    lower = max((limit for bound, limit in indicator.thresholds if not bound.is_upper), default=None)
    upper = min((limit for bound, limit in indicator.thresholds if bound.is_upper), default=None)
    if lower is not None and upper is not None and lower >= upper:
        return "at no value at all (its bounds overlap)"
    parts = [
        f"{word} {with_unit(readable(limit), indicator.unit)}"
        for word, limit in (("above", lower), ("below", upper))
        if limit is not None
    ]
    return " and ".join(parts) or "at any value"


def _lost(one: Graded) -> float:
    return one.indicator.points - one.grade.points
