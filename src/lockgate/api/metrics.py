"""Lockgate's own `/metrics`: what each gate measured last, in Prometheus' text format.

Read from the store at each scrape, so that a restart loses nothing and several control planes say the same.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import product

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lockgate.delivery.onboarding import project_now, services_of
from lockgate.delivery.outside import Outside
from lockgate.domain.evaluation import Evaluation
from lockgate.domain.project import Place

_PLACE = ("project", "stage", "service")


def router(outside: Outside) -> APIRouter:
    routes = APIRouter(tags=["metrics"])

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """`lockgate_indicator_value` of each judged series and `lockgate_evaluation_window_end_seconds` of each place.
        What could not be measured has no series: it is not 0."""
        registry = CollectorRegistry()
        registry.register(_Latest([latest async for latest in _latest(outside)]))
        text = await asyncio.to_thread(generate_latest, registry)
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return routes


async def _latest(outside: Outside) -> AsyncIterator[Evaluation]:
    for name in await outside.repo.projects():
        project, services = await project_now(outside, name), await services_of(outside, name)
        for stage, service in product(project.stages, services):
            for evaluation in await outside.evaluations.latest(Place(name, stage.name, service), limit=1):
                yield evaluation


class _Latest(Collector):
    def __init__(self, evaluations: Iterable[Evaluation]) -> None:
        self._evaluations = evaluations

    def collect(self) -> Iterator[GaugeMetricFamily]:
        value = GaugeMetricFamily(
            "lockgate_indicator_value",
            "What a gate measured last, as its source gave it",
            labels=[*_PLACE, "indicator", "series"],
        )
        end = GaugeMetricFamily(
            "lockgate_evaluation_window_end_seconds",
            "End of the window that a gate judged last, in epoch seconds",
            labels=list(_PLACE),
        )
        for evaluation in self._evaluations:
            place = evaluation.subject.place
            labels = [place.project, place.stage, place.service]
            end.add_metric(labels, evaluation.window.end.timestamp())
            for (indicator, series), measured in _values(evaluation).items():
                value.add_metric([*labels, indicator, series], measured)
        yield value
        yield end


def _values(evaluation: Evaluation) -> dict[tuple[str, str], float]:
    """(indicator, its series' labels as JSON) → value; series that were set aside are not the artifact's."""
    return {
        (result.id, json.dumps(dict(sample.labels), sort_keys=True, ensure_ascii=False)): sample.value
        for result in evaluation.indicators
        for sample in result.judged
    }
