"""From the points of all indicators to the verdict of the gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lockgate.domain.evaluation import Verdict
from lockgate.domain.gate import Gate, Indicator
from lockgate.domain.points import added, exact, less, times
from lockgate.evaluation.grading import Grade, possible
from lockgate.evaluation.numbers import readable, told_apart


@dataclass(frozen=True, slots=True)
class Score:
    """*points* of *possible*, exact, since the verdict hangs on them; *value* of *most* is the score, in points or,
    where the gate is scored so, in percent of the points."""

    verdict: Verdict
    points: Decimal
    possible: Decimal
    value: float
    most: float
    arithmetic: tuple[str, ...]


def score(gate: Gate, grades: Sequence[Grade]) -> Score:
    """*grades* in the order of the gate's indicators; informational ones count for nothing.

    The verdict, failing closed:

    1. `fail` when a key indicator failed, or when what was judged has lost so many points that `warning` is out of
       reach even if every value that is missing had been good: then no missing value matters;
    2. else `error` when an indicator could not be measured;
    3. else `no_data` when one had nothing to judge;
    4. else by the sum of the points: at least the objective `pass`, at least `warning`, or `fail`.

    A gate without indicators that count, or without points to take a percentage of, has nothing to judge: `no_data`.
    """
    pairs = list(zip(gate.indicators, grades, strict=True))
    counting = [(indicator, one) for indicator, one in pairs if not indicator.is_informational]
    most = added(exact(indicator.points) for indicator, _ in counting)
    points = added(_part(indicator, one.points) for indicator, one in counting)
    verdict, value = _verdict(gate, counting, points, most), _value(gate, points, most)
    lines = [_line(*pair) for pair in pairs]
    lines.append(_sum(gate, float(points), float(most), value))
    failed = [indicator.id for indicator, one in counting if failed_key(indicator, one)]
    lines += [f"{id} is a key objective and failed: the gate fails" for id in failed]
    lines.append(_needed(gate, value, verdict))
    return Score(
        verdict=verdict,
        points=points,
        possible=most,
        value=value,
        most=100.0 if gate.in_percent else float(most),
        arithmetic=tuple(lines),
    )


def reaches(gate: Gate, points: Decimal, most: Decimal, needed: float) -> bool:
    """Whether *points* of *most* make a score of at least *needed*."""
    if not gate.in_percent:
        return points >= exact(needed)
    return most > 0 and times(points, Decimal(100)) >= times(exact(needed), most)


def lost(indicator: Indicator, one: Grade) -> Decimal:
    """Of the points that the indicator can earn."""
    return less(exact(possible(indicator)), _part(indicator, one.points))


def score_in_words(gate: Gate, value: float) -> tuple[str, ...]:
    """The score in words, and what it takes to pass and for a warning."""
    return told_apart(value, gate.objectives.passing, gate.objectives.warning)


def failed_key(indicator: Indicator, one: Grade) -> bool:
    """Whether this one alone fails the gate."""
    return indicator.is_key and not indicator.is_informational and one.verdict is Verdict.FAIL


def _part(indicator: Indicator, points: float) -> Decimal:
    """*points* of those of *indicator*, halved so many times: divided as floats, which for halves is exact."""
    if points in (0, indicator.points):
        return exact(points)
    return times(exact(indicator.points), Decimal(points / indicator.points))


def _value(gate: Gate, points: Decimal, most: Decimal) -> float:
    if not gate.in_percent:
        return float(points)
    return float(points * 100 / most) if most else 0.0


def _verdict(gate: Gate, counting: Sequence[tuple[Indicator, Grade]], points: Decimal, most: Decimal) -> Verdict:
    needed = gate.objectives
    grades = [one for _, one in counting]
    attainable = added(_part(indicator, one.attainable) for indicator, one in counting)
    has_lost = any(one.has_lost for one in grades)
    is_lost = has_lost and not reaches(gate, attainable, most, needed.warning)
    if is_lost or any(failed_key(*pair) for pair in counting):
        return Verdict.FAIL
    verdicts = {one.verdict for one in grades}
    for unjudged in (Verdict.ERROR, Verdict.NO_DATA):
        if unjudged in verdicts:
            return unjudged
    if not grades or (gate.in_percent and not most):
        return Verdict.NO_DATA
    if reaches(gate, points, most, needed.passing):
        return Verdict.PASS
    return Verdict.WARNING if reaches(gate, points, most, needed.warning) else Verdict.FAIL


def _line(indicator: Indicator, one: Grade) -> str:
    unjudged = "" if one.is_judged else f" ({one.verdict})"
    if indicator.is_informational:
        return f"{indicator.id}: informational, earns nothing{unjudged}"
    return f"{indicator.id}: {readable(one.points)} of {readable(indicator.points)} points{unjudged}"


def _sum(gate: Gate, points: float, most: float, value: float) -> str:
    shown, of = told_apart(points, most)
    percent = f" = {score_in_words(gate, value)[0]} %" if gate.in_percent else ""
    return f"sum: {shown} of {of} points{percent}"


def _needed(gate: Gate, value: float, verdict: Verdict) -> str:
    unit = " %" if gate.in_percent else ""
    _, passing, warning = score_in_words(gate, value)
    return f"pass takes {passing}{unit}, warning {warning}{unit}: {verdict}"
