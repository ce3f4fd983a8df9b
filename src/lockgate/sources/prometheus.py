"""Prometheus: instant queries at the end of the window and range queries over it, by its HTTP API v1.

Shapes after https://prometheus.io/docs/prometheus/latest/querying/api/ (instant queries, range queries, formats).
"""

import json
import math
from collections.abc import Sequence
from typing import Any

from lockgate.domain.evaluation import Answer, Sample, Window
from lockgate.ports.metric_source import Query
from lockgate.sources.access import Access
from lockgate.sources.answers import MalformedError, clip, is_number, number, read_json, reduced
from lockgate.sources.asking import Asker, form
from lockgate.sources.http_client import HttpClient
from lockgate.specs.queries.prometheus import PrometheusQuery, read_prometheus
from lockgate.specs.queries.reading import parsed

_INSTANT, _RANGE = "/api/v1/query", "/api/v1/query_range"


class PrometheusSource:
    """*base_url* is where the server's pages are, such as `http://127.0.0.1:9090`; *deadline* in seconds for a whole
    question. A query is a PromQL text, or an object: `query`, with `step` (such as `5s`) a range query over the
    window, and `aggregate`, which makes one value of a series with many."""

    def __init__(
        self,
        base_url: str,
        client: HttpClient,
        name: str = "Prometheus",
        deadline: float = 10.0,
        access: Access | None = None,
    ) -> None:
        self._asker = Asker(base_url, client, name, _complaint, access, deadline)
        # Taking an address apart and putting it together again is a tenth of a question's whole work.
        self._addresses = {path: self._asker.at(path) for path in (_INSTANT, _RANGE)}

    async def query(self, query: Query, window: Window) -> Answer:
        """A vector as it is, a scalar as one series without labels, a matrix by the aggregate that the query names.
        PermanentError for any other result, for a refused query and for what is no answer of Prometheus;
        TransientError when there was none."""
        asked = PrometheusQuery(query) if isinstance(query, str) else parsed(read_prometheus, query, self._asker.name)
        end = window.end.timestamp()
        times = {"time": f"{end:.3f}"} if asked.step is None else _range(window, asked.step, asked.step_ms)
        path = _INSTANT if asked.step is None else _RANGE
        fields = {"query": asked.promql, **times, "timeout": f"{math.ceil(self._asker.deadline)}s"}
        question = self._asker.question(asked.promql)
        body = await question.ask("POST", self._addresses[path], form(fields))
        samples, warnings = await question.read(body, lambda text: _parsed(text, asked.aggregate))
        shown = " ".join(f"{name}={value}" for name, value in times.items())
        by = f" aggregate={asked.aggregate}" if asked.aggregate else ""
        request = f"POST {self._asker.shown}{path} {shown}{by} query={asked.promql}"
        return question.answer(samples, request, warnings)


def _range(window: Window, step: str, step_ms: int) -> dict[str, str]:
    """The server counts steps from the start, and would leave out the window's end where that is none of them. A step
    longer than the window leaves the end alone."""
    first, last = (round(moment.timestamp() * 1000) for moment in (window.start, window.end))
    start = last - (last - first) // step_ms * step_ms
    if "." in step and not step[-1].isdigit():  # the server reads no part of a unit, and parts of a second without one
        step = str(step_ms / 1000)
    return {"start": f"{start / 1000:.3f}", "end": f"{last / 1000:.3f}", "step": step}


def _parsed(text: str, aggregate: str | None) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
    """Samples and warnings of an answer with status 200."""
    body = read_json(text)
    match body:
        case {"isPartial": True}:  # VictoriaMetrics, where a part of its storage is away
            raise MalformedError("answered with a part of the series only (isPartial)")
        case {"status": "success", "error": str(error)} if error:
            raise MalformedError(f"answered 200 with an error: {_complaint(text)}")
        case {"status": "success", "data": {"resultType": "vector", "result": list(rows)}}:
            return tuple(_sample(row) for row in rows), _warnings(body)
        case {"status": "success", "data": {"resultType": "matrix", "result": list(rows)}} if aggregate:
            return tuple(_reduced(row, aggregate) for row in rows), _warnings(body)
        case {"status": "success", "data": {"resultType": "scalar", "result": value}}:
            return (_sample({"metric": {}, "value": value}),), _warnings(body)
        case {"status": "success", "data": {"resultType": str(kind)}}:
            raise MalformedError(
                f"answered with a {kind}, and a gate needs a vector: query one value a series, or name an aggregate"
            )
        case {"status": "error"}:
            raise MalformedError(f"answered 200 with an error: {_complaint(text)}")
        case _:
            raise MalformedError(f"answered with what is no query result: {clip(text)}")


def _sample(row: Any) -> Sample:
    match row:
        case {"metric": dict(labels), "value": pair} if _is_labels(labels) and (point := _point(pair)):
            return Sample(labels=labels, value=point[1], timestamp=point[0])
        case _:
            raise MalformedError(f"answered with a series that has not one value: {clip(json.dumps(row))}")


def _reduced(row: Any, aggregate: str) -> Sample:
    match row:
        # Native histograms stand beside the numbers of a series that has both: an aggregate would leave them out.
        case {"metric": dict(labels), "values": list(pairs), **rest} if (
            pairs and _is_labels(labels) and not rest.get("histograms")
        ):
            points = [point for pair in pairs if (point := _point(pair))]
            if len(points) == len(pairs):
                return Sample(labels, reduced([value for _, value in points], aggregate), points[-1][0])
    raise MalformedError(f"answered with a series that has no values, or not only numbers: {clip(json.dumps(row))}")


def _point(pair: Any) -> tuple[float, float] | None:
    match pair:
        # A moment of 0 would count as one that nobody named.
        case [moment, str(text)] if is_number(moment) and moment != 0 and (value := number(text)) is not None:
            return float(moment), value
        case _:
            return None


def _is_labels(labels: dict[Any, Any]) -> bool:
    return all(isinstance(label, str) for label in labels.values())


def _warnings(body: dict[str, Any]) -> tuple[str, ...]:
    match body.get("warnings"), body.get("infos"):
        case (list() | None as warnings, list() | None as infos):
            return tuple(str(text) for text in _both(warnings, infos))
        case _:
            raise MalformedError("answered with warnings that are no list")


def _both(warnings: Sequence[Any] | None, infos: Sequence[Any] | None) -> list[Any]:
    return [*(warnings or []), *(infos or [])]


def _complaint(text: str) -> str:
    """The server's own words where the answer has them."""
    try:
        body = read_json(text)
    except MalformedError:
        return clip(text)
    match body:
        case {"error": str(error), "errorType": str(kind)}:
            return clip(f"{kind}: {error}")
        case _:
            return clip(text)
