"""Criteria of an SLO file, such as `<600`, `<=+10%`, `>=-5%` and `=0`.

The grammar is that of the SLO specification of Keptn (keptn/spec, service_level_objective.md); what that left to the
reader is refused here.
"""

import math
import re
from collections.abc import Sequence
from itertools import product

from lockgate.domain.errors import InvalidError
from lockgate.domain.gate import Against, Criterion, Operator

_OPERATOR = "<=|>=|<|>|="
_NUMBER = r"[0-9]+(\.[0-9]+)?|\.[0-9]+"
_CRITERION = re.compile(rf"(?P<operator>{_OPERATOR})(?P<sign>[+-]?)(?P<number>{_NUMBER})(?P<percent>%?)(?P<rest>.*)")
WITHOUT_SPACE = rf"({_OPERATOR})(({_NUMBER})|[+-]({_NUMBER})%?)"
"""Every criterion that is read, once its white space is gone."""
_FROM_BELOW = (Operator.GREATER, Operator.AT_LEAST, Operator.EQUAL)
_FROM_ABOVE = (Operator.LESS, Operator.AT_MOST, Operator.EQUAL)
_UNIT = re.compile(r"[A-Za-zµμ°/]+")
GRAMMAR = "write an operator (<, <=, =, >=, >) and a number: <600 for a value, <=+10% or >=-5 against earlier runs"


def parse_criterion(text: str) -> Criterion:
    """White space means nothing. Raises InvalidError, which says how to write it."""
    found = _CRITERION.fullmatch("".join(text.split()))
    if found is None:
        raise InvalidError(f"{text!r} is no criterion: {GRAMMAR}")
    if found["rest"]:
        raise InvalidError(_rest(text, found))
    sign, number = found["sign"], float(found["number"])
    if not math.isfinite(number):
        raise InvalidError(f"{text[:20]!r}… is beyond all numbers: every value, or none, would meet it")
    if found["percent"] and not sign:
        raise InvalidError(
            f"{text!r} may mean a value or a change: write {found['operator']}+{found['number']}% against earlier "
            f"runs, or {found['operator']}{found['number']} for a value in percent"
        )
    against = Against.VALUE if not sign else Against.PERCENT if found["percent"] else Against.CHANGE
    return Criterion(Operator(found["operator"]), -number if sign == "-" else number, against, text.strip())


def _rest(text: str, found: re.Match[str]) -> str:
    if _UNIT.fullmatch(found["rest"]):
        bare = f"{found['operator']}{found['sign']}{found['number']}{found['percent']}"
        return (
            f"{text!r} has a unit, {found['rest']}, and values have none: write {bare}, in the unit that the query "
            "answers in"
        )
    return f"{text!r} is no criterion: {GRAMMAR}"


def unsatisfiable(together: Sequence[Criterion]) -> str:
    """Why no value meets all of *together*, or nothing. Only what holds whatever earlier runs measured."""
    fixed = [one for one in together if not one.is_relative]
    for lower, upper in product(fixed, fixed):
        if lower.operator in _FROM_BELOW and upper.operator in _FROM_ABOVE and not _leave_a_value(lower, upper):
            return (
                f"no value meets {lower.text!r} and {upper.text!r}, and of one list all must hold: give each its own "
                "list of criteria to let either of them pass"
            )
    return ""


def _leave_a_value(lower: Criterion, upper: Criterion) -> bool:
    is_either_open = Operator.GREATER is lower.operator or Operator.LESS is upper.operator
    return lower.number < upper.number or (lower.number == upper.number and not is_either_open)
