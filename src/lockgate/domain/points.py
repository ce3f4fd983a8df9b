"""Points without rounding: a sum that decides whether software is delivered must not depend on how floats round."""

from collections.abc import Iterable
from fractions import Fraction


def exact(number: float) -> Fraction:
    """The finite *number* as its shortest decimals say: 0.1 is a tenth."""
    whole = int(number)
    return Fraction(whole) if whole == number else Fraction(str(number))


def sum_of(numbers: Iterable[float]) -> float:
    """Reckoned exactly, then rounded once: ten times 0.1 is 1."""
    return float(sum(exact(number) for number in numbers))
