"""The limits in force for one series: what the file says, set against what was measured before."""

import math
import operator
from dataclasses import dataclass

from lockgate.domain.gate import Against, Alternatives, Bound, Criteria, Criterion, Operator, Thresholds

_COMPARE = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.EQUAL: operator.eq,
    Operator.AT_LEAST: operator.ge,
    Operator.GREATER: operator.gt,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """A value that is *good* *number* keeps it. *number* is None while a relative limit has no baseline. *name*: the
    bound's name or the criterion's text, as in the file; *relation* says how a relative one is reckoned (`+10 % of`)
    and is empty for an absolute one. *bound*: None for a criterion."""

    name: str
    good: Operator
    number: float | None
    relation: str = ""
    baseline: float | None = None
    bound: Bound | None = None

    @property
    def is_beyond(self) -> bool:
        """All numbers: it was reckoned, and came out as none."""
        return self.baseline is not None and self.number is None

    def keeps(self, value: float) -> bool | None:
        """None: there is nothing to compare with."""
        return None if self.number is None else _COMPARE[self.good](value, self.number)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Thresholds in force: all of them must be kept."""

    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Criteria in force: all of one list must be kept."""

    passing: tuple[tuple[Limit, ...], ...]
    warning: tuple[tuple[Limit, ...], ...]
    is_complete: bool
    """Whether each of them has a number."""

    @property
    def limits(self) -> tuple[Limit, ...]:
        return tuple(limit for all_of in (*self.passing, *self.warning) for limit in all_of)


InForce = Bounds | Rules


def in_force(grading: Thresholds | Criteria, baseline: float | None) -> InForce:
    """*baseline*: what relative limits are reckoned from, or None."""
    if isinstance(grading, Criteria):
        passing, warning = _rules(grading.passing, baseline), _rules(grading.warning, baseline)
        numbers = [limit.number for all_of in (*passing, *warning) for limit in all_of]
        return Rules(passing, warning, is_complete=None not in numbers)
    percent = grading.percent
    absolute = [Limit(bound.value, _good(bound), limit, bound=bound) for bound, limit in grading]
    relative = [_percent_bound(bound, percent[bound], baseline) for bound in Bound if bound in percent]
    return Bounds((*absolute, *relative))


def _rules(alternatives: Alternatives, baseline: float | None) -> tuple[tuple[Limit, ...], ...]:
    return tuple(tuple(_criterion(one, baseline) for one in all_of) for all_of in alternatives)


def _good(bound: Bound) -> Operator:
    """A value at its bound breaks it."""
    return Operator.LESS if bound.is_upper else Operator.GREATER


def _percent_bound(bound: Bound, percent: float, baseline: float | None) -> Limit:
    change = percent if bound.is_upper else -percent
    return Limit(
        name=f"{bound.value}Perc",
        good=_good(bound),
        number=_changed(baseline, change),
        relation=f"{_signed(change)} % of",
        baseline=baseline,
        bound=bound,
    )


def _criterion(criterion: Criterion, baseline: float | None) -> Limit:
    number, text = criterion.number, criterion.text
    if criterion.against is Against.VALUE:
        return Limit(text, criterion.operator, number)
    if criterion.against is Against.PERCENT:
        return Limit(text, criterion.operator, _changed(baseline, number), f"{_signed(number)} % of", baseline)
    moved = None if baseline is None else _finite(baseline + number)
    return Limit(text, criterion.operator, moved, f"{_signed(number)} on", baseline)


def _changed(baseline: float | None, percent: float) -> float | None:
    """Pitometer's baseline times (100 ± p) / 100, so turned for a baseline below 0 that + is more there too."""
    if baseline is None:
        return None
    return _finite(baseline * (100 + (percent if baseline >= 0 else -percent)) / 100)


def _finite(number: float) -> float | None:
    """A limit beyond all numbers would be kept by every value."""
    return number if math.isfinite(number) else None


def _signed(number: float) -> str:
    return f"{number:+.6g}"
