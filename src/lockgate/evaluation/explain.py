"""Say in words what a gate concluded, why, and what would have passed."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lockgate.domain.evaluation import Measurement, Sample, Verdict
from lockgate.domain.gate import Gate, Indicator
from lockgate.domain.points import added
from lockgate.evaluation.grading import Grade, worst
from lockgate.evaluation.numbers import readable, told_apart, with_unit
from lockgate.evaluation.score import Score, failed_key, lost, reaches, score_in_words
from lockgate.evaluation.wording import breach_in_words, complete, good_values, known, numbers_of

_MOST_NAMED = 3
_OUTCOMES = {
    Verdict.PASS: "passed",
    Verdict.WARNING: "passed with a warning",
    Verdict.FAIL: "failed",
    Verdict.NO_DATA: "not judged, no data",
    Verdict.ERROR: "not judged, error",
}


@dataclass(frozen=True, slots=True)
class Graded:
    """An indicator with how it came off."""

    indicator: Indicator
    measurement: Measurement
    grade: Grade


def indicator_sentence(one: Graded) -> str:
    if one.indicator.is_informational:
        return f"{_OUTCOMES[one.grade.verdict]}: {_reason(one)}: informational, earns nothing"
    earned = f"{readable(one.grade.points)} of {readable(one.indicator.points)} points"
    return f"{_OUTCOMES[one.grade.verdict]}: {_reason(one)}: {earned}"


def gate_sentence(gate: Gate, score: Score, all_graded: Sequence[Graded]) -> str:
    """One sentence: `failed: average response time 1.02 s is over 1 s (upperSevere): 0 of 100 points, 90 needed`."""
    if not all_graded:
        return f"{_OUTCOMES[score.verdict]}: the gate has no indicators"
    named = _telling(score.verdict, all_graded)
    reasons = "; ".join(_reason(one) for one in named[:_MOST_NAMED])
    more = f"; and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    told = f"{_OUTCOMES[score.verdict]}: {reasons or _unnamed(score)}{more}"
    if score.verdict in (Verdict.ERROR, Verdict.NO_DATA):  # points decided nothing
        return told
    return f"{told}: {_earned(gate, score)}, {_needed(gate, score)}"


def indicator_would_pass(one: Graded) -> str:
    """What earns all points, such as `average response time below 1 s`."""
    wanted = f"{one.indicator.title} {good_values(one.grade.limits, one.indicator.unit)}"
    match one.grade.verdict:
        case Verdict.ERROR:
            return f"{wanted}, once {one.measurement.source} gives a value"
        case Verdict.NO_DATA:
            return f"{wanted}, once there are values{' to compare with' if one.grade.is_uncompared else ''}"
        case _:
            return wanted


def gate_would_pass(gate: Gate, score: Score, all_graded: Sequence[Graded]) -> str:
    """The least that would have made it a pass: everything that is missing, each key objective that failed, then
    whatever lost the most points. Empty for a pass, and where nothing counts."""
    counting = [one for one in all_graded if not one.indicator.is_informational]
    if score.verdict is Verdict.PASS or not counting:
        return ""
    if not reaches(gate, score.possible, score.possible, gate.objectives.passing):
        return f"nothing would have passed: {readable(gate.points)} points can be earned, {_needed(gate, score)}"
    chosen = [one for one in counting if _must_change(one)]
    points = added((score.points, *(_lost(one) for one in chosen)))
    lossy = [one for one in counting if not _must_change(one) and _lost(one) > 0]
    for one in sorted(lossy, key=_lost, reverse=True):
        if reaches(gate, points, score.possible, gate.objectives.passing):
            break
        chosen.append(one)
        points = added((points, _lost(one)))
    return "it would have passed with " + " and ".join(indicator_would_pass(one) for one in chosen)


def _must_change(one: Graded) -> bool:
    return not one.grade.is_judged or failed_key(one.indicator, one.grade)


def _earned(gate: Gate, score: Score) -> str:
    shown, of = told_apart(float(score.points), float(score.possible))
    points = f"{shown} of {of} points"
    return f"{score_in_words(gate, score.value)[0]} % ({points})" if gate.in_percent else points


def _needed(gate: Gate, score: Score) -> str:
    unit = " %" if gate.in_percent else ""
    _, passing, warning = score_in_words(gate, score.value)
    if score.verdict is Verdict.WARNING:
        return f"{warning}{unit} needed for a warning, {passing}{unit} to pass"
    return f"{passing}{unit} needed"


def _unnamed(score: Score) -> str:
    return "no objective counts" if score.verdict is Verdict.NO_DATA else "no bound is broken"


def _telling(verdict: Verdict, all_graded: Sequence[Graded]) -> list[Graded]:
    """The indicators that brought *verdict* about, a failed key objective and then the one that lost most first."""
    counting = [one for one in all_graded if not one.indicator.is_informational]
    if verdict in (Verdict.ERROR, Verdict.NO_DATA):
        return [one for one in counting if one.grade.verdict is verdict]
    told = counting if verdict is Verdict.PASS else [one for one in counting if one.grade.has_lost]
    return sorted(told, key=lambda one: (failed_key(one.indicator, one.grade), _lost(one)), reverse=True)


def _reason(one: Graded) -> str:
    title = one.indicator.title + _standing(one)
    breach = worst(one.grade.breaches)
    broken = breach_in_words(breach, one.indicator.unit) if breach else ""
    if one.grade.verdict is Verdict.ERROR:
        return f"{title} could not be measured: {one.grade.trouble}"
    if one.grade.is_uncompared and not broken:
        policy = " (onNoData: fail)" if one.grade.verdict is Verdict.FAIL else ""
        return f"{title} cannot be compared: {one.grade.trouble}{policy}"
    if one.grade.trouble:
        missing = f"has no data: {one.grade.trouble}"
        missing += " (onNoData: fail)" if one.grade.verdict is Verdict.FAIL else ""
        return f"{title} {broken}, and {missing}" if broken else f"{title} {missing}"
    return f"{title} {broken or _kept(one)}"


def _standing(one: Graded) -> str:
    """What its failure means to the gate, where that is not a loss of points."""
    if failed_key(one.indicator, one.grade):
        return " (key objective)"
    is_weightless = not one.indicator.points and not one.indicator.is_informational
    return " (weighs nothing)" if is_weightless and one.grade.has_lost else ""


def _kept(one: Graded) -> str:
    if not one.grade.judged:
        return "has no data, which the file ignores (ignoreEmpty)"
    unit, judged = one.indicator.unit, one.grade.judged
    if one.indicator.is_informational:
        values = sorted(sample.value for sample in judged)
        ends = [with_unit(readable(value), unit) for value in dict.fromkeys((values[0], values[-1]))]
        return f"is {' to '.join(ends)}"
    limits = numbers_of(one.grade.limits)
    value = _nearest(limits, judged)
    nearest = min(limits, key=lambda limit: abs(limit - value), default=value)
    shown = with_unit(told_apart(value, nearest)[0], unit)
    if one.grade.is_first_run:
        compared = known(one.grade.limits)
        kept = f"is {good_values(compared, unit)}, and has" if compared else "has"
        return f"{shown} {kept} no earlier run to be compared with (firstRun: pass)"
    return f"{shown} is {good_values(complete(one.grade.limits), unit)}"


def _nearest(limits: Sequence[float], judged: Sequence[Sample]) -> float:
    """The lowest or the highest value, whichever came closer to a limit."""
    values = [sample.value for sample in judged]
    if len(values) == 1:
        return values[0]
    ends = (min(values), max(values))
    return min(ends, key=lambda value: min((abs(limit - value) for limit in limits), default=0.0))


def _lost(one: Graded) -> Decimal:
    return lost(one.indicator, one.grade)
