"""Reading what a server answered: JSON, numbers, and one value out of many by an aggregate that the query names."""

import json
import math
import re
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeGuard

_CLIPPED = 300  # characters of a foreign text that go into a message
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?|NaN|[-+]?Inf")

AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "avg": statistics.fmean,
    "min": min,
    "max": max,
    "sum": math.fsum,
    "last": lambda values: values[-1],
    "p50": lambda values: _percentile(values, 50),
    "p90": lambda values: _percentile(values, 90),
    "p95": lambda values: _percentile(values, 95),
    "p99": lambda values: _percentile(values, 99),
}


class MalformedError(ValueError):
    """An answer that is not shaped as the API's documentation says."""


def read_json(text: str) -> Any:
    """Raises MalformedError; NaN and Infinity outside of texts are no JSON, and half a surrogate pair is no text: it
    could neither be stored nor shown. An object with two fields of one name is refused, since nobody sees which one
    counts."""
    try:
        value = _DECODER.decode(text)
        if "\\ud" in text.casefold():
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except MalformedError:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"answered with what is no JSON: {clip(text)}") from error


def number(text: str) -> float | None:
    """A number as Prometheus writes it, `NaN`, `+Inf` and `-Inf` included; None for any other text."""
    return float(text) if _NUMBER.fullmatch(text) else None


def json_value(value: Any) -> float:
    """A value in JSON: a number, the texts that JSON has no numbers for, or null, which is NaN. Raises MalformedError
    for anything else."""
    if value is None:
        return math.nan
    read = float(value) if is_number(value) else number(value) if isinstance(value, str) else None
    if read is None:
        raise MalformedError(f"answered with a value that is no number: {clip(json.dumps(value))}")
    return read


def is_number(value: Any) -> TypeGuard[int | float]:
    """JSON's true is none, nor is a number too large for a float."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def reduced(values: Sequence[float], aggregate: str) -> float:
    """One value of many. One NaN among them makes it NaN, and none at all is NaN: a value that is not there is never
    counted as 0."""
    if not values or any(math.isnan(value) for value in values):
        return math.nan
    infinite = {value for value in values if math.isinf(value)}
    if len(infinite) > 1 and aggregate in ("avg", "sum"):
        return math.nan
    if infinite and aggregate in ("avg", "sum"):
        return infinite.pop()
    return float(AGGREGATES[aggregate](values))


def clip(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _CLIPPED else f"{text[:_CLIPPED]}…"


def _percentile(values: Sequence[float], percent: int) -> float:
    """Between the two nearest ranks, as Prometheus' quantile_over_time does."""
    ordered = sorted(values)
    rank = (len(ordered) - 1) * percent / 100
    low, high = math.floor(rank), math.ceil(rank)
    if low == high or ordered[low] == ordered[high]:
        return ordered[low]
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _fields_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise MalformedError(f"answered with an object that has {clip(json.dumps(twice))} twice")
    return fields


# Made once: json.loads would make one a call.
_DECODER = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_fields_once)
