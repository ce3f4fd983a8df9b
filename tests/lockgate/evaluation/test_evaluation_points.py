"""Points are added up as the decimals that a file has."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from lockgate.domain.points import added, exact, less, sum_of, times

POINTS = st.floats(0, 1e9, allow_subnormal=False)


@given(st.lists(POINTS, max_size=20))
def test_a_sum_of_points_is_exact(numbers: list[float]) -> None:
    whole = sum((Fraction(str(number)) for number in numbers), Fraction(0))
    assert Fraction(added(exact(number) for number in numbers)) == whole
    assert sum_of(numbers) == float(whole)


@given(POINTS, POINTS)
def test_products_and_differences_are_exact(one: float, other: float) -> None:
    first, second = Fraction(str(one)), Fraction(str(other))
    assert Fraction(times(exact(one), exact(other))) == first * second
    assert Fraction(less(exact(one), exact(other))) == first - second


def test_ten_tenths_are_one() -> None:
    assert sum_of([0.1] * 10) == 1
