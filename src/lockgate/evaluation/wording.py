"""Limits in words: which values are good, and how a value broke one."""

import math
from collections.abc import Sequence

from lockgate.domain.gate import Operator
from lockgate.evaluation.arithmetic import named, relation
from lockgate.evaluation.grading import Breach
from lockgate.evaluation.limits import Bounds, InForce, Limit, Rules
from lockgate.evaluation.numbers import readable, told_apart, with_unit

_GOOD = {
    Operator.LESS: "below",
    Operator.AT_MOST: "at most",
    Operator.EQUAL: "exactly",
    Operator.AT_LEAST: "at least",
    Operator.GREATER: "above",
}
_UPPER = (Operator.LESS, Operator.AT_MOST)


def good_values(limits: Sequence[InForce], unit: str) -> str:
    """The values that earn all points, in words: `above 1 s and below 3 s`, `at most 1.1 s (+10 % of 1 s)`. Where
    *limits* differ by series the strictest are told."""
    first = limits[0]
    if isinstance(first, Rules):
        rules = [each for each in limits if isinstance(each, Rules)]
        lists = zip(*(each.passing for each in rules), strict=True)
        alternatives = [_joined(_strictest(same), unit) for same in lists]
        return " or ".join(alternatives) or "at any value"
    return _between(strictest(limits), unit)


def known(limits: Sequence[InForce]) -> tuple[InForce, ...]:
    """Without the limits that lack a number, and without what is left empty by that."""
    return tuple(left for each in _once(limits) if (left := _known(each)) is not None)


def complete(limits: Sequence[InForce]) -> tuple[InForce, ...]:
    """Without the alternatives that lack a number: a value that passes all the same was let in by another one."""
    return tuple(_complete(each) for each in _once(limits))


def strictest(limits: Sequence[InForce]) -> tuple[Limit, ...]:
    """Of each limit of the file the one that leaves the fewest values."""
    once = _once(limits)
    return tuple(once[0].limits) if len(once) == 1 else _strictest([each.limits for each in once])


def breach_in_words(breach: Breach, unit: str) -> str:
    """`1.02 s is over 1.1 s (+10 % of 1 s, upperSeverePerc)`."""
    value, limit, number = breach.sample.value, breach.limit, breach.limit.number or 0.0
    shown, against = (with_unit(text, unit) for text in told_apart(value, number))
    return f"{shown} {_beyond(value, number, limit)} {against} ({named(limit, unit)})"


def numbers_of(limits: Sequence[InForce]) -> tuple[float, ...]:
    return tuple(limit.number for each in _once(limits) for limit in each.limits if limit.number is not None)


def _known(one: InForce) -> InForce | None:
    if isinstance(one, Bounds):
        bounds = tuple(limit for limit in one.limits if limit.number is not None)
        return Bounds(bounds) if bounds else None
    lists = (tuple(limit for limit in all_of if limit.number is not None) for all_of in one.passing)
    passing = tuple(all_of for all_of in lists if all_of)
    return Rules(passing, one.warning, one.is_complete) if passing else None


def _complete(one: InForce) -> InForce:
    if isinstance(one, Bounds):
        return one
    passing = tuple(all_of for all_of in one.passing if all(limit.number is not None for limit in all_of))
    return Rules(passing, one.warning, one.is_complete) if passing else one


def _once(limits: Sequence[InForce]) -> list[InForce]:
    """Series that nothing tells apart share one object."""
    return list({id(each): each for each in limits}.values()) if len(limits) > 1 else list(limits)


def _beyond(value: float, number: float, limit: Limit) -> str:
    if limit.good is Operator.EQUAL:
        return "is not"
    if value == number:
        return "is at the limit of"
    return "is over" if limit.good in _UPPER else "is under"


def _between(limits: Sequence[Limit], unit: str) -> str:
    lower = max((each for each in limits if each.good is Operator.GREATER), key=_height, default=None)
    upper = min((each for each in limits if each.good is Operator.LESS), key=_height, default=None)
    unknown = [each for each in limits if each.number is None]
    known = [each for each in (lower, upper) if each is not None and each.number is not None]
    if len(known) == 2 and (known[0].number or 0.0) >= (known[1].number or 0.0):
        return "at no value at all (its bounds overlap)"
    return _joined([*known, *unknown], unit) or "at any value"


def _height(limit: Limit) -> float:
    if limit.number is not None:
        return limit.number
    return math.inf if limit.good in _UPPER else -math.inf


def _joined(limits: Sequence[Limit], unit: str) -> str:
    return " and ".join(_good_value(limit, unit) for limit in limits)


def _good_value(limit: Limit, unit: str) -> str:
    if limit.number is None:
        return f"{_GOOD[limit.good]} {_moved(limit.relation)} an earlier run's"
    reckoned = relation(limit, unit)
    return f"{_GOOD[limit.good]} {with_unit(readable(limit.number), unit)}" + (f" ({reckoned})" if reckoned else "")


def _moved(relation: str) -> str:
    """`50 % over` for `+50 % of`, which alone would read as the half; `20 under` for `-20 on`."""
    amount, _, _ = relation[1:].rpartition(" ")
    return f"{amount} {'under' if relation.startswith('-') else 'over'}"


def _strictest(lists: Sequence[Sequence[Limit]]) -> tuple[Limit, ...]:
    """*lists*: the same limits of the file, one list a series."""
    return tuple(_stricter(same) for same in zip(*lists, strict=True))


def _stricter(same: Sequence[Limit]) -> Limit:
    """One that has no number yet is the strictest: nothing keeps it."""
    missing = next((each for each in same if each.number is None), None)
    if missing is not None:
        return missing
    return (min if same[0].good in _UPPER else max)(same, key=_height)
