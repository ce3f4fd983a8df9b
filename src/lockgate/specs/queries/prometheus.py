"""Prometheus: a PromQL text, or an object for a range query or an aggregate."""

import re
from dataclasses import dataclass

from lockgate.specs.fields import Reader, shown
from lockgate.specs.positions import Spot
from lockgate.specs.queries.reading import AGGREGATES, given
from lockgate.specs.tables import Fields

OBJECT = Fields(("query",), ("step", "aggregate"))
STEP = r"[0-9]+(\.[0-9]+)?(ms|s|m|h)?"
_UNITS = {"": 1000.0, "ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0}
_LONGEST = 1e12  # milliseconds, some thirty years


@dataclass(frozen=True, slots=True)
class PrometheusQuery:
    """With *step*, such as `5s`, a range query over the window; *aggregate* makes one value of a series with many."""

    promql: str
    step: str | None = None
    aggregate: str | None = None

    @property
    def step_ms(self) -> int:
        """In milliseconds, as the server counts; 0 without a step."""
        return 0 if self.step is None else round(_milliseconds(self.step))


def read_prometheus(reader: Reader, spot: Spot) -> PrometheusQuery | None:
    if isinstance(spot.value, str):
        promql = reader.text(spot)
        return None if promql is None else PrometheusQuery(promql)
    fields = given(reader, spot, OBJECT)
    promql, step = reader.text(fields.get("query")), _step(reader, fields.get("step"))
    aggregate = reader.word(fields.get("aggregate"), AGGREGATES)
    if "step" in fields and "aggregate" not in fields:
        reader.fault(spot, "a range query gives many values a series: name an aggregate, such as max")
    return None if promql is None else PrometheusQuery(promql, step, aggregate)


def _milliseconds(step: str) -> float:
    amount = step.rstrip("msh")
    return float(amount) * _UNITS[step[len(amount) :]]


def _step(reader: Reader, spot: Spot | None) -> str | None:
    step = reader.text(spot)
    if spot is None or step is None:
        return None
    if not re.fullmatch(STEP, step) or not 1 <= _milliseconds(step) < _LONGEST:
        reader.fault(spot, f"must be a time such as 5s or 500ms, not {shown(spot)}")
        return None
    return step
