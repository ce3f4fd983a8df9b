"""How the points of an indicator came about, line by line."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from lockgate.domain.evaluation import Sample
from lockgate.domain.gate import Indicator, Operator
from lockgate.evaluation.criteria import Mark, key_of
from lockgate.evaluation.limits import Limit
from lockgate.evaluation.numbers import readable, told_apart, with_unit

T = TypeVar("T")

MOST_LINES = 200
"""A text with a line for each of a hundred thousand series would be read by nobody; all samples are kept anyway."""

_BROKEN = {
    Operator.LESS: "≥",
    Operator.AT_MOST: ">",
    Operator.EQUAL: "≠",
    Operator.AT_LEAST: "<",
    Operator.GREATER: "≤",
}


def lines(indicator: Indicator, samples: Sequence[Sample], marks: Sequence[Mark], points: float) -> list[str]:
    """A line a series in the order of the answer, those that lost points first where not all can be told, then the one
    that counts. *points*: what the worst series earns."""
    if indicator.is_informational:
        return [
            f"{key_of(one)} = {_value(indicator, one)}: informational, earns nothing" for one in samples[:MOST_LINES]
        ]
    pairs = list(zip(samples, marks, strict=True))
    chosen = broken_first(pairs, lambda pair: pair[1].most < 1)
    told = [_line(indicator, sample, each) for sample, each in chosen]
    if len(samples) > len(chosen):
        told.append(f"and {len(samples) - len(chosen)} more series")
    if len(samples) > 1:
        told.append(f"the worst of {len(samples)} series counts: {readable(points)} points")
    return told


def broken_first(series: Sequence[T], is_broken: Callable[[T], bool]) -> Sequence[T]:
    """As many as are told, in their order; where there are more, those that broke a bound before the others."""
    if len(series) <= MOST_LINES:
        return series
    return sorted(series, key=lambda one: not is_broken(one))[:MOST_LINES]


def relation(limit: Limit, unit: str) -> str:
    """`+10 % of 1 s`; empty for an absolute limit."""
    if limit.baseline is None:
        return ""
    return f"{limit.relation} {with_unit(readable(limit.baseline), unit)}"


def named(limit: Limit, unit: str = "") -> str:
    """The limit's name as the file has it, with what a relative one was reckoned from before it."""
    reckoned = relation(limit, unit)
    return f"{reckoned}, {limit.name}" if reckoned else limit.name


def _line(indicator: Indicator, sample: Sample, each: Mark) -> str:
    earned = readable(indicator.points * each.most)
    if not each.broken:
        return f"{key_of(sample)} = {_value(indicator, sample)}: within its bounds, {earned} points"
    reasons = ", ".join(_reason(sample.value, limit, each) for limit in each.broken)
    return f"{key_of(sample)}: {reasons} of {readable(indicator.points)}: {earned} points"


def _reason(value: float, limit: Limit, each: Mark) -> str:
    shown, against = told_apart(value, limit.number or 0.0)
    is_severe = each.is_severe if limit.bound is None else limit.bound.is_severe
    return f"{shown} {_BROKEN[limit.good]} {against} ({named(limit)}): {'0' if is_severe else 'a half'}"


def _value(indicator: Indicator, sample: Sample) -> str:
    return with_unit(readable(sample.value), indicator.unit)
