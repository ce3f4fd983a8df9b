"""What a value earns under the limits in force, and which of them it breaks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.domain.evaluation import Sample
from lockgate.evaluation.limits import Bounds, InForce, Limit, Rules

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Mark:
    """The part of the points that a value earns: *most* if every limit that lacks a baseline were kept, *least* if none
    were; they are equal where that decides nothing. *broken* are limits with a number."""

    most: float
    least: float
    broken: tuple[Limit, ...] = ()

    @property
    def is_severe(self) -> bool:
        return self.most == 0


_GOOD = Mark(1.0, 1.0)


def mark(value: float, limits: InForce) -> Mark:
    """Of a finite *value*. Bounds: a severe breach earns nothing and each side with a warning halves, as Pitometer's
    grader 1.0.1 reckoned (except that 0 is a bound here). Rules: 1 for pass, a half for warning, else 0."""
    return _mark_in_bounds(value, limits) if isinstance(limits, Bounds) else _mark_by_rules(value, limits)


def key_of(sample: Sample) -> str:
    """The labels of a series as compact JSON with sorted names, which tells the series of one answer apart."""
    return _encode(dict(sample.labels))


def _mark_in_bounds(value: float, bounds: Bounds) -> Mark:
    kept = [limit.keeps(value) for limit in bounds.limits]
    if all(kept):
        return _GOOD
    broken = [limit for limit, good in zip(bounds.limits, kept, strict=True) if good is False]
    doubtful = [limit for limit, good in zip(bounds.limits, kept, strict=True) if not good]
    return Mark(most=_share(broken), least=_share(doubtful), broken=_named(broken))


def _share(broken: Sequence[Limit]) -> float:
    if any(_is_severe(limit) for limit in broken):
        return 0.0
    sides = {_is_upper(limit) for limit in broken}
    return 0.5 ** len(sides)


def _named(broken: Sequence[Limit]) -> tuple[Limit, ...]:
    """On either side a severe breach covers the warning."""
    severe = {_is_upper(limit) for limit in broken if _is_severe(limit)}
    return tuple(limit for limit in broken if _is_severe(limit) or _is_upper(limit) not in severe)


def _is_severe(limit: Limit) -> bool:
    return limit.bound is not None and limit.bound.is_severe


def _is_upper(limit: Limit) -> bool:
    return limit.bound is not None and limit.bound.is_upper


def _mark_by_rules(value: float, rules: Rules) -> Mark:
    most = _share_by(value, rules, unknown=True)
    if most == 1 and rules.is_complete:
        return _GOOD
    least = most if rules.is_complete else _share_by(value, rules, unknown=False)
    if most == 1:
        return Mark(most, least)
    return Mark(most, least, _closest(value, rules.passing if most or not rules.warning else rules.warning))


def _share_by(value: float, rules: Rules, *, unknown: bool) -> float:
    if _is_met(value, rules.passing, unknown):
        return 1.0
    return 0.5 if _is_met(value, rules.warning, unknown) else 0.0


def _is_met(value: float, alternatives: Sequence[Sequence[Limit]], unknown: bool) -> bool:
    return any(all(_or(limit.keeps(value), unknown) for limit in all_of) for all_of in alternatives)


def _or(kept: bool | None, unknown: bool) -> bool:
    return unknown if kept is None else kept


def _closest(value: float, alternatives: Sequence[Sequence[Limit]]) -> tuple[Limit, ...]:
    """What is broken of the list with the fewest broken criteria."""
    unmet = [tuple(limit for limit in all_of if limit.keeps(value) is False) for all_of in alternatives]
    return min(unmet, key=len)
