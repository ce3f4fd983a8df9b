"""Points without rounding: a sum that decides whether software is delivered must not depend on how floats round."""

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import reduce

_EXACT = Context(prec=1000, traps=[Inexact, InvalidOperation])  # more digits than any two floats are apart


def exact(number: float) -> Decimal:
    """*number* as its shortest decimals say: 0.1 is a tenth."""
    return Decimal(str(number))


def added(numbers: Iterable[Decimal]) -> Decimal:
    return reduce(_EXACT.add, numbers, Decimal(0))


def less(one: Decimal, other: Decimal) -> Decimal:
    return _EXACT.subtract(one, other)


def times(one: Decimal, other: Decimal) -> Decimal:
    return _EXACT.multiply(one, other)


def sum_of(numbers: Iterable[float]) -> float:
    """Reckoned exactly, then rounded once: ten times 0.1 is 1."""
    return float(added(exact(number) for number in numbers))
