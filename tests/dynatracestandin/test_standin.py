"""The stand-in as a program: asked by lockgate's own Dynatrace source, answering from a Prometheus."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from tests.lockgate.sources.http_server import Asked, HttpServer, Said, document, http_server

from lockgate.domain.errors import PermanentError, TransientError
from lockgate.domain.evaluation import Answer, Window
from lockgate.sources.access import Access
from lockgate.sources.dynatrace import PROBE, DynatraceSource
from lockgate.sources.http_client import HttpClient

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(seconds=15))
TAGS = ("service:carts", "environment:sockshop-staging")
V1: dict[str, Any] = {"timeseriesId": "com.dynatrace.builtin:service.responsetime", "aggregation": "AVG"}
SELECTOR = 'builtin:service.response.time:splitBy("dt.entity.service"):avg'
# Seconds of response time and number of requests that Prometheus has of each release.
MEASURED = {"r-old": ("NaN", "0"), "r-new": ("1.02", "150")}


def as_prometheus(asked: Asked) -> Said:
    (query,) = parse_qs(asked.body.decode())["query"]
    which = 1 if "increase" in query else 0
    rows = [
        {
            "metric": {"service": "carts", "job": "carts-sockshop-staging", "release": release},
            "value": [1, values[which]],
        }
        for release, values in MEASURED.items()
    ]
    return document({"status": "success", "data": {"resultType": "vector", "result": rows}})


@dataclass(frozen=True, slots=True)
class StandIn:
    address: str
    token: str
    prometheus: HttpServer
    client: HttpClient
    plain: httpx.AsyncClient
    log: Path

    async def ask(self, query: Any, token: str | None = None) -> Answer:
        access = Access("Api-Token", token=token or self.token)
        return await DynatraceSource(self.address, self.client, access, TAGS).query(query, WINDOW)

    def promql(self) -> list[str]:
        return [parse_qs(asked.body.decode())["query"][0] for asked in self.prometheus.asked]


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[StandIn]:
    token, log = folder / "token", folder / "log"
    async with http_server() as prometheus, HttpClient() as client, httpx.AsyncClient(trust_env=False) as plain:
        prometheus.answer = as_prometheus
        command = [sys.executable, "-m", "dynatracestandin"]
        command += ["--prometheus", prometheus.address, "--token-file", str(token)]
        with (
            log.open("w") as output,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=output, text=True) as process,  # noqa: ASYNC220
        ):
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            yield StandIn(address, token.read_text().strip(), prometheus, client, plain, log)
            process.terminate()


@pytest.fixture
async def stand_in(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with started(tmp_path) as running:
        yield running


async def test_an_old_perfspec_gets_the_busiest_services_time_in_microseconds(stand_in: StandIn) -> None:
    (sample,) = (await stand_in.ask(V1)).samples
    assert sample.value == pytest.approx(1_020_000)
    assert sample.labels["entity"].startswith("SERVICE-")
    requests, latency = stand_in.promql()
    assert "increase(requests_latency_seconds_count[15s])" in requests
    assert "rate(requests_latency_seconds_sum[15s])" in latency


async def test_a_release_without_requests_has_no_value_rather_than_zero(stand_in: StandIn) -> None:
    (sample,) = (await stand_in.ask({**V1, "tags": [*TAGS, "release:r-old"]})).samples
    assert sample.value != sample.value
    answer = await stand_in.ask({**V1, "tags": ["service:another"]})
    assert answer.samples == ()


async def test_metrics_v2_say_the_same_and_that_it_is_a_stand_in(stand_in: StandIn) -> None:
    selector = {"metricSelector": SELECTOR, "entitySelector": 'type(SERVICE),tag("release:r-new")'}
    answer = await stand_in.ask(selector)
    (sample,) = answer.samples
    assert sample.value == pytest.approx(1_020_000)
    assert sample.labels["release"] == "r-new"
    assert answer.warnings == ("measured by a stand-in for Dynatrace, not by Dynatrace",)
    (same,) = (await stand_in.ask({**V1, "entityIds": [sample.labels["dt.entity.service"]]})).samples
    assert same.value == sample.value
    assert (await stand_in.ask(PROBE)).samples == ()


async def test_smartscape_lists_the_services(stand_in: StandIn) -> None:
    query = {"entityType": "Service", "smartscape": "toRelationships:calls", "aggregation": "count", "tags": [*TAGS]}
    assert len((await stand_in.ask(query)).samples) == 2


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({**V1, "aggregation": "MAX", "tags": ["x"]}, "cannot give MAX of response times"),
        ({"timeseriesId": "com.dynatrace.builtin:host.cpu", "tags": ["x"]}, "has no AVG of com.dynatrace.builtin:host"),
        ({"metricSelector": "builtin:host.cpu.usage"}, "and not 'builtin:host.cpu.usage'"),
        ({"metricSelector": SELECTOR, "resolution": "5s"}, "knows the resolution Inf only"),
        ({"metricSelector": SELECTOR, "entitySelector": "type(HOST)"}, "entities of type SERVICE only"),
        ({"metricSelector": SELECTOR, "entitySelector": 'entityName("a")'}, "reads type"),
    ],
)
async def test_what_it_does_not_know_it_refuses_as_a_stand_in(stand_in: StandIn, query: Any, words: str) -> None:
    with pytest.raises(PermanentError) as caught:
        await stand_in.ask(query)
    assert words in str(caught.value)
    assert "This is a stand-in for Dynatrace, not Dynatrace" in str(caught.value)


async def test_without_prometheus_it_has_no_answer(stand_in: StandIn) -> None:
    stand_in.prometheus.answer = lambda _: Said(b"", 500)
    with pytest.raises(TransientError, match="answered 503: Prometheus did not answer"):
        await stand_in.ask(V1)


async def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dynatracestandin", "--prometheus=http://127.0.0.1:1", "--until-stdin-ends"]
    command.append(f"--token-file={tmp_path / 'token'}")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.stdin.close()
        assert process.wait(60) in (0, -15)
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


async def test_it_asks_for_its_token_and_says_what_it_is_to_anybody(stand_in: StandIn) -> None:
    with pytest.raises(PermanentError, match="answered 401: Token Authentication failed"):
        await stand_in.ask(PROBE, token="another")
    about = await stand_in.plain.get(stand_in.address)
    assert "This is a stand-in for Dynatrace, not Dynatrace" in about.text
    raw = await stand_in.plain.post(
        f"{stand_in.address}/api/v1/timeseries/{V1['timeseriesId']}",
        content=json.dumps({"queryMode": "TOTAL", "aggregationType": "AVG", "startTimestamp": 0, "endTimestamp": 9}),
        headers={"Authorization": f"Api-Token {stand_in.token}"},
    )
    assert raw.json()["standIn"] is True
    assert "not Dynatrace" in raw.headers["x-stand-in"]
    assert "stand-in for Dynatrace" in stand_in.log.read_text()
    assert stand_in.token not in stand_in.log.read_text()
