"""From the points of all indicators to the verdict of the gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from lockgate.domain.evaluation import Verdict
from lockgate.domain.gate import Gate, Indicator
from lockgate.domain.points import exact
from lockgate.evaluation.grading import Grade, possible
from lockgate.evaluation.numbers import readable, told_apart


@dataclass(frozen=True, slots=True)
class Score:
    """*points* of *possible*, and what one point adds to the score, which is in points or, where the gate is scored so,
    in percent of the points. All of them exact: the verdict hangs on them."""

    verdict: Verdict
    points: Fraction
    possible: Fraction
    scale: Fraction
    arithmetic: tuple[str, ...]

    @property
    def value(self) -> float:
        return float(self.points * self.scale)

    def reaches(self, needed: float, points: Fraction) -> bool:
        """Whether the score were at least *needed* with so many *points*."""
        return _reaches(points * self.scale, needed)


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
    most = sum((exact(indicator.points) for indicator, _ in counting), Fraction(0))
    points = sum((_part(indicator, one.points) for indicator, one in counting), Fraction(0))
    scale = _scale(gate, most)
    verdict = _verdict(gate, counting, points, scale)
    lines = [_line(*pair) for pair in pairs]
    lines.append(_sum(gate, float(points), float(most), float(points * scale)))
    lines += [
        f"{one.id} is a key objective and failed: the gate fails" for one, had in counting if failed_key(one, had)
    ]
    lines.append(_needed(gate, float(points * scale), verdict))
    return Score(verdict=verdict, points=points, possible=most, scale=scale, arithmetic=tuple(lines))


def lost(indicator: Indicator, one: Grade) -> Fraction:
    """Of the points that the indicator can earn."""
    return exact(possible(indicator)) - _part(indicator, one.points)


def failed_key(indicator: Indicator, one: Grade) -> bool:
    """Whether this one alone fails the gate."""
    return indicator.is_key and not indicator.is_informational and one.verdict is Verdict.FAIL


def _part(indicator: Indicator, points: float) -> Fraction:
    """*points* of those of *indicator*, halved so many times: divided as floats, which for halves is exact."""
    return exact(indicator.points) * Fraction(points / indicator.points) if points else Fraction(0)


def _reaches(value: Fraction, needed: float) -> bool:
    return value >= exact(needed)


def _scale(gate: Gate, most: Fraction) -> Fraction:
    if not gate.in_percent:
        return Fraction(1)
    return 100 / most if most else Fraction(0)


def _verdict(gate: Gate, counting: Sequence[tuple[Indicator, Grade]], points: Fraction, scale: Fraction) -> Verdict:
    needed = gate.objectives
    grades = [one for _, one in counting]
    attainable = sum((_part(indicator, one.attainable) for indicator, one in counting), Fraction(0)) * scale
    has_lost = any(one.has_lost for one in grades)
    if any(failed_key(*pair) for pair in counting) or (has_lost and not _reaches(attainable, needed.warning)):
        return Verdict.FAIL
    verdicts = {one.verdict for one in grades}
    for unjudged in (Verdict.ERROR, Verdict.NO_DATA):
        if unjudged in verdicts:
            return unjudged
    if not grades or not scale:
        return Verdict.NO_DATA
    if _reaches(points * scale, needed.passing):
        return Verdict.PASS
    return Verdict.WARNING if _reaches(points * scale, needed.warning) else Verdict.FAIL


def _line(indicator: Indicator, one: Grade) -> str:
    unjudged = "" if one.is_judged else f" ({one.verdict})"
    if indicator.is_informational:
        return f"{indicator.id}: informational, earns nothing{unjudged}"
    return f"{indicator.id}: {readable(one.points)} of {readable(indicator.points)} points{unjudged}"


def _sum(gate: Gate, points: float, most: float, value: float) -> str:
    shown, of = told_apart(points, most)
    percent = (
        f" = {told_apart(value, gate.objectives.passing, gate.objectives.warning)[0]} %" if gate.in_percent else ""
    )
    return f"sum: {shown} of {of} points{percent}"


def _needed(gate: Gate, value: float, verdict: Verdict) -> str:
    unit = " %" if gate.in_percent else ""
    _, passing, warning = told_apart(value, gate.objectives.passing, gate.objectives.warning)
    return f"pass takes {passing}{unit}, warning {warning}{unit}: {verdict}"
