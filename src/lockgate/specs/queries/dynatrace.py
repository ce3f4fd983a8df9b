"""Dynatrace: a metric selector of its metrics API v2, or a query of its timeseries or smartscape API v1.

The fields of v1 are those of perfspecs for Keptn 0.2.2 and its Pitometer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.specs.fields import Reader, listed, shown
from lockgate.specs.positions import Spot
from lockgate.specs.queries.reading import AGGREGATES, given, texts
from lockgate.specs.tables import Fields

METRICS = Fields(("metricSelector",), ("entitySelector", "mzSelector", "resolution", "aggregate"))
# Of the file's own times nothing is read, as ever: the window is the gate's.
_TIMES = ("startTimestamp", "endTimestamp")
TIMESERIES = Fields(("timeseriesId",), ("aggregation", "entityIds", "tags", *_TIMES))
SMARTSCAPE = Fields(("smartscape", "entityType", "aggregation"), ("tags", *_TIMES))
AGGREGATIONS = ("AVG", "COUNT", "MAX", "MEDIAN", "MIN", "SUM")
ENTITY_TYPES = ("Application", "Process", "Service")
_PERCENTILE = re.compile(r"[Pp]([0-9]{1,2}(\.[0-9]+)?|100)")
_RELATION = re.compile(r"(toRelationships|fromRelationships):([A-Za-z]+)")
_COUNT = ("count",)


@dataclass(frozen=True, slots=True)
class MetricsQuery:
    """*selectors*: `metricSelector` and the others by their names in the API. *resolution*: None for one value a
    series."""

    selectors: Mapping[str, str]
    resolution: str | None = None
    aggregate: str | None = None


@dataclass(frozen=True, slots=True)
class TimeseriesQuery:
    """*percentile* goes with the aggregation PERCENTILE."""

    id: str
    aggregation: str = "AVG"
    percentile: float | None = None
    entities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SmartscapeQuery:
    """*direction* is `toRelationships` or `fromRelationships`, *relation* one of its names."""

    entity_type: str
    direction: str
    relation: str
    tags: tuple[str, ...] = ()


DynatraceQuery = MetricsQuery | TimeseriesQuery | SmartscapeQuery


def read_dynatrace(reader: Reader, spot: Spot) -> DynatraceQuery | None:
    if isinstance(spot.value, str):
        selector = reader.text(spot)
        return None if selector is None else MetricsQuery({"metricSelector": selector})
    if not isinstance(spot.value, dict) or "metricSelector" in spot.value:
        return _metrics(reader, spot)
    if "timeseriesId" in spot.value:
        return _timeseries(reader, spot)
    if "smartscape" in spot.value:
        return _smartscape(reader, spot)
    reader.fault(spot, "unsupported query type: name metricSelector, timeseriesId or smartscape")
    return None


def _metrics(reader: Reader, spot: Spot) -> MetricsQuery | None:
    fields = given(reader, spot, METRICS)
    names = ("metricSelector", "entitySelector", "mzSelector")
    selectors = {name: text for name in names if (text := reader.text(fields.get(name))) is not None}
    resolution = reader.text(fields.get("resolution"))
    aggregate = reader.word(fields.get("aggregate"), AGGREGATES)
    return MetricsQuery(selectors, resolution, aggregate) if "metricSelector" in selectors else None


def _timeseries(reader: Reader, spot: Spot) -> TimeseriesQuery | None:
    fields = given(reader, spot, TIMESERIES)
    id = reader.text(fields.get("timeseriesId"))
    aggregation, percentile = _aggregation(reader, fields.get("aggregation"))
    entities, tags = texts(reader, fields.get("entityIds")), texts(reader, fields.get("tags"))
    return None if id is None else TimeseriesQuery(id, aggregation, percentile, entities, tags)


def _aggregation(reader: Reader, spot: Spot | None) -> tuple[str, float | None]:
    name = reader.text(spot)
    if spot is None or name is None:
        return "AVG", None
    percentile = _PERCENTILE.fullmatch(name)
    if percentile:
        return "PERCENTILE", float(percentile[1])
    if name.upper() not in AGGREGATIONS:
        known = listed(AGGREGATIONS)
        reader.fault(spot, f"unknown aggregation {shown(spot)}: known are {known} and percentiles such as p95")
    return name.upper(), None


def _smartscape(reader: Reader, spot: Spot) -> SmartscapeQuery | None:
    fields = given(reader, spot, SMARTSCAPE)
    entity_type = reader.word(fields.get("entityType"), ENTITY_TYPES, ignore_case=True)
    reader.word(fields.get("aggregation"), _COUNT, ignore_case=True)
    tags = texts(reader, fields.get("tags"))
    relation = _relation(reader, fields.get("smartscape"))
    return None if entity_type is None or relation is None else SmartscapeQuery(entity_type, *relation, tags)


def _relation(reader: Reader, spot: Spot | None) -> tuple[str, str] | None:
    text = reader.text(spot)
    if spot is None or text is None:
        return None
    relation = _RELATION.fullmatch(text)
    if relation is None:
        reader.fault(spot, f"must be such as toRelationships:calls, not {shown(spot)}")
        return None
    return relation[1], relation[2]
