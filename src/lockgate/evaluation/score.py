"""From the points of all indicators to the verdict of the gate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.domain.evaluation import Verdict
from lockgate.domain.gate import Gate, Indicator
from lockgate.evaluation.grading import Grade
from lockgate.evaluation.numbers import readable


@dataclass(frozen=True, slots=True)
class Score:
    """*value* of *most*: in points, or in percent of the points where the gate is scored so; *points* always in
    points. *scale*: what one point adds to the value."""

    verdict: Verdict
    value: float
    most: float
    points: float
    scale: float
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
    points = sum(one.points for _, one in counting)
    scale = _scale(gate)
    verdict = _verdict(gate, counting, points, scale)
    return Score(
        verdict=verdict,
        value=points * scale,
        most=100.0 if gate.in_percent else gate.points,
        points=points,
        scale=scale,
        arithmetic=(*(_line(*pair) for pair in pairs), *_total(gate, points, scale, counting, verdict)),
    )


def reaches(points: float, needed: float) -> bool:
    """Whether *points*, a sum of parts, are at least *needed*; rounding in the sum (0.1 + 0.2) decides nothing."""
    return points > needed or math.isclose(points, needed)


def failed_key(indicator: Indicator, one: Grade) -> bool:
    """Whether this one alone fails the gate."""
    return indicator.is_key and not indicator.is_informational and one.verdict is Verdict.FAIL


def _scale(gate: Gate) -> float:
    if not gate.in_percent:
        return 1.0
    return 100.0 / gate.points if gate.points else 0.0


def _verdict(gate: Gate, counting: Sequence[tuple[Indicator, Grade]], points: float, scale: float) -> Verdict:
    needed = gate.objectives
    grades = [one for _, one in counting]
    attainable = sum(one.attainable for one in grades) * scale
    has_lost = any(one.has_lost for one in grades)
    if any(failed_key(*pair) for pair in counting) or (has_lost and not reaches(attainable, needed.warning)):
        return Verdict.FAIL
    verdicts = {one.verdict for one in grades}
    for unjudged in (Verdict.ERROR, Verdict.NO_DATA):
        if unjudged in verdicts:
            return unjudged
    if not grades or not scale:
        return Verdict.NO_DATA
    if reaches(points * scale, needed.passing):
        return Verdict.PASS
    return Verdict.WARNING if reaches(points * scale, needed.warning) else Verdict.FAIL


def _line(indicator: Indicator, one: Grade) -> str:
    unjudged = "" if one.is_judged else f" ({one.verdict})"
    if indicator.is_informational:
        return f"{indicator.id}: informational, earns nothing{unjudged}"
    return f"{indicator.id}: {readable(one.points)} of {readable(indicator.points)} points{unjudged}"


def _total(
    gate: Gate, points: float, scale: float, counting: Sequence[tuple[Indicator, Grade]], verdict: Verdict
) -> list[str]:
    needed, unit = gate.objectives, " %" if gate.in_percent else ""
    lines = [f"sum: {readable(points)} of {readable(gate.points)} points"]
    if gate.in_percent:
        lines[0] += f" = {readable(points * scale)} %"
    lines += [
        f"{one.id} is a key objective and failed: the gate fails" for one, grade in counting if failed_key(one, grade)
    ]
    lines.append(f"pass takes {readable(needed.passing)}{unit}, warning {readable(needed.warning)}{unit}: {verdict}")
    return lines
