"""Criteria of SLO files: what is read, and what is refused with a hint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.domain.errors import InvalidError
from lockgate.domain.gate import Against, Operator
from lockgate.specs.criterion import parse_criterion


@pytest.mark.parametrize(
    ("text", "operator", "number", "against"),
    [
        ("<600", "<", 600, "value"),
        ("<=+10%", "<=", 10, "percent"),
        (">=-5%", ">=", -5, "percent"),
        ("=0", "=", 0, "value"),
        (">.5", ">", 0.5, "value"),
        ("<=+50", "<=", 50, "change"),
        (">-0.25", ">", -0.25, "change"),
        (" < = 600 ", "<=", 600, "value"),
        ("<= +10 %", "<=", 10, "percent"),
    ],
)
def test_a_criterion_is_an_operator_and_a_number(text: str, operator: str, number: float, against: str) -> None:
    found = parse_criterion(text)
    assert (found.operator, found.number, found.against, found.text) == (operator, number, against, text.strip())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<=800ms", "has a unit, ms, and values have none: write <=800"),
        ("<=+10%/s", "has a unit, /s, and values have none: write <=+10%"),
        ("<=10%", "may mean a value or a change: write <=+10% against earlier runs, or <=10 for a value in percent"),
        ("600", "an operator"),
        ("<", "an operator"),
        ("", "an operator"),
        ("<>5", "an operator"),
        ("==5", "an operator"),
        ("=>5", "an operator"),
        ("<1,5", "an operator"),
        ("<1e3", "an operator"),
        ("<5 or >7", "an operator"),
        ("<five", "an operator"),
        ("<--5", "an operator"),
        ("<NaN", "an operator"),
        ("<١", "an operator"),
    ],
)
def test_what_is_no_criterion_is_refused_with_a_hint(text: str, words: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_criterion(text)
    assert words in str(caught.value)


@given(
    st.sampled_from(list(Operator)),
    st.sampled_from(["", "+", "-"]),
    st.decimals(min_value=0, max_value=10**9, places=3),
    st.booleans(),
)
def test_every_well_formed_criterion_reads_as_it_is_written(
    operator: Operator, sign: str, number: object, is_percent: bool
) -> None:
    percent = "%" if is_percent and sign else ""
    found = parse_criterion(f"{operator}{sign}{number}{percent}")
    assert found.operator is operator
    assert found.number == float(f"{sign}{number}")
    assert found.against is (Against.VALUE if not sign else Against.PERCENT if percent else Against.CHANGE)


@given(st.text(max_size=12))
def test_any_text_is_a_criterion_or_refused(text: str) -> None:
    try:
        found = parse_criterion(text)
    except InvalidError:
        return
    assert "".join(text.split()).startswith(found.operator)
