"""From the points of all indicators to the verdict of the gate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.domain.evaluation import Verdict
from lockgate.domain.gate import Gate
from lockgate.evaluation.grading import Grade
from lockgate.evaluation.numbers import readable


@dataclass(frozen=True, slots=True)
class Score:
    verdict: Verdict
    points: float
    arithmetic: tuple[str, ...]


def score(gate: Gate, grades: Sequence[Grade]) -> Score:
    """*grades* in the order of the gate's indicators. The verdict, failing closed:

    1. `fail` when what was judged has lost so many points that `warning` is out of reach even if every value that is
       missing had been good: then no missing value matters;
    2. else `error` when an indicator could not be measured;
    3. else `no_data` when one had nothing to judge;
    4. else by the sum of the points: at least the objective `pass`, at least `warning`, or `fail`.

    A gate without indicators has nothing to judge: `no_data`.
    """
    points = sum(grade.points for grade in grades)
    lines = [
        f"{indicator.id}: {readable(grade.points)} of {readable(indicator.points)} points"
        + ("" if grade.is_judged else f" ({grade.verdict})")
        for indicator, grade in zip(gate.indicators, grades, strict=True)
    ]
    verdict = _verdict(gate, grades, points)
    needed = gate.objectives
    lines.append(f"sum: {readable(points)} of {readable(gate.points)} points")
    lines.append(f"pass takes {readable(needed.passing)}, warning {readable(needed.warning)}: {verdict}")
    return Score(verdict=verdict, points=points, arithmetic=tuple(lines))


def _verdict(gate: Gate, grades: Sequence[Grade], points: float) -> Verdict:
    needed = gate.objectives
    verdicts = {grade.verdict for grade in grades}
    has_lost = any(grade.violations for grade in grades)
    attainable = sum(grade.attainable for grade in grades)
    if has_lost and not reaches(attainable, needed.warning):
        return Verdict.FAIL
    for unjudged in (Verdict.ERROR, Verdict.NO_DATA):
        if unjudged in verdicts:
            return unjudged
    if not grades:
        return Verdict.NO_DATA
    if reaches(points, needed.passing):
        return Verdict.PASS
    return Verdict.WARNING if reaches(points, needed.warning) else Verdict.FAIL


def reaches(points: float, needed: float) -> bool:
    """Whether *points*, a sum of parts, are at least *needed*; rounding in the sum (0.1 + 0.2) decides nothing."""
    return points > needed or math.isclose(points, needed)
