"""Dynatrace's metrics API v2: data points of a metric selector, page by page.

Shapes after https://docs.dynatrace.com/docs/dynatrace-api/environment-api/metric-v2/get-data-points ("GET metric data
points"): a point's value may be null, which says that nothing was recorded for that time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from lockgate.domain.errors import PermanentError
from lockgate.domain.evaluation import Answer, Sample, Window
from lockgate.sources.answers import MalformedError, clip, is_number, read_json, reduced
from lockgate.sources.asking import Asker, Question, Sent
from lockgate.specs.queries.dynatrace import MetricsQuery

_PATH = "/api/v2/metrics/query"
_MOST_PAGES = 100
_WHOLE_WINDOW = "Inf"  # one value a series


async def measure(asker: Asker, question: Question, query: MetricsQuery, window: Window) -> Answer:
    params, aggregate = _params(query, window), query.aggregate
    samples: list[Sample] = []
    warnings: list[str] = []
    following: dict[str, str] = params
    for _ in range(_MOST_PAGES):
        body = await question.ask("GET", asker.at(_PATH), Sent(params=tuple(following.items())))
        page = await question.read(body, partial(_page, aggregate=aggregate, own=following.get("nextPageKey")))
        samples += page.samples
        warnings += page.warnings
        if page.following is None:
            shown = "&".join(f"{name}={value}" for name, value in params.items())
            by = f" aggregate={aggregate}" if aggregate else ""
            request = f"GET {asker.shown}{_PATH}?{shown}{by}"
            return question.answer(tuple(samples), request, tuple(dict.fromkeys(warnings)))
        following = {"nextPageKey": page.following}  # for the whole query: no other parameter is allowed with it
    raise PermanentError(question.message(f"answered with more than {_MOST_PAGES} pages: narrow the query"))


async def probe(asker: Asker, question: Question) -> Answer:
    """Lists one metric, which takes the scope that queries take: metrics.read."""
    body = await question.ask("GET", asker.at("/api/v2/metrics"), Sent(params=(("pageSize", "1"),)))
    await question.read(body, _check_metrics)
    return question.answer((), f"GET {asker.shown}/api/v2/metrics?pageSize=1")


def _check_metrics(text: str) -> None:
    match read_json(text):
        case {"metrics": list()}:
            return
        case body:
            raise MalformedError(f"answered with what is no list of metrics: {clip(str(body))}")


def _params(query: MetricsQuery, window: Window) -> dict[str, str]:
    start, end = milliseconds(window)
    return {**query.selectors, "resolution": query.resolution or _WHOLE_WINDOW, "from": str(start), "to": str(end)}


def milliseconds(window: Window) -> tuple[int, int]:
    """Both ends in UTC milliseconds, as all of Dynatrace's APIs take times."""
    return round(window.start.timestamp() * 1000), round(window.end.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class _Page:
    samples: list[Sample]
    warnings: list[str]
    following: str | None


def _page(text: str, aggregate: str | None, own: str | None) -> _Page:
    """*own* is the page's own key."""
    page = read_json(text)
    match page:
        case {"error": _}:
            raise MalformedError(f"answered 200 with an error: {clip(str(page['error']))}")
        case {"result": list(metrics)}:
            several = len(metrics) > 1
            found = [_metric(metric, aggregate, several) for metric in metrics]
            said = [str(text) for part in (page, *metrics) for text in _warnings(part)]
            return _Page([sample for samples in found for sample in samples], said, _following(page, own))
        case _:
            raise MalformedError(f"answered with what is no query result: {clip(str(page))}")


def _following(page: Any, own: str | None) -> str | None:
    match page.get("nextPageKey"):
        case None:
            return None
        case str(key) if key != own:
            return key
        case _:
            raise MalformedError("answered with a page that names itself as the next one")


def _metric(metric: Any, aggregate: str | None, several: bool) -> list[Sample]:
    match metric:
        case {"metricId": str(name), "data": list(rows)}:
            more = {"metricId": name} if several else {}
            return [_series(row, aggregate, more) for row in rows]
        case _:
            raise MalformedError(f"answered with what is no metric: {clip(str(metric))}")


def _series(row: Any, aggregate: str | None, more: Mapping[str, str]) -> Sample:
    match row:
        case {"timestamps": [*moments], "values": [*values]} if (
            len(moments) == len(values) > 0
            and all(is_number(moment) for moment in moments)
            and all(value is None or is_number(value) for value in values)
        ):
            if len(values) > 1 and aggregate is None:
                raise MalformedError(
                    f"answered with {len(values)} values a series, and a gate needs one: name an aggregate, such as "
                    f"avg, or the resolution {_WHOLE_WINDOW}"
                )
            return Sample({**_dimensions(row), **more}, _value(values, aggregate), float(moments[-1]) / 1000)
        case _:
            raise MalformedError(f"answered with a series whose values cannot be read: {clip(str(row))}")


def _value(values: list[float | None], aggregate: str | None) -> float:
    """Times at which nothing was recorded are left out; where nothing was recorded at all there is no data."""
    recorded = [float(value) for value in values if value is not None]
    return reduced(recorded, aggregate or "last")


def _dimensions(row: Mapping[str, Any]) -> dict[str, str]:
    match row.get("dimensionMap", {}):
        case dict(dimensions) if all(isinstance(value, str | None) for value in dimensions.values()):
            return {str(name): value or "" for name, value in dimensions.items()}
        case _:
            raise MalformedError(f"answered with dimensions that are no texts: {clip(str(row))}")


def _warnings(part: Any) -> list[Any]:
    warnings = part.get("warnings") or []
    if not isinstance(warnings, list):
        raise MalformedError("answered with warnings that are no list")
    return warnings
