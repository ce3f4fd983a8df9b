"""A real Prometheus that scrapes real exporters: the contract, and whole gates with two releases side by side."""

import asyncio
import math
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import yaml

from lockgate.domain.errors import PermanentError, TransientError
from lockgate.domain.evaluation import Evaluation, Measurement, SpecSource, Subject, Verdict, Window
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place
from lockgate.evaluation.judge import judge
from lockgate.kit.clock import SystemClock
from lockgate.kit.ids import new_id
from lockgate.sources.http_client import HttpClient
from lockgate.sources.prometheus import PrometheusSource
from lockgate.specs.perfspec import parse_perfspec
from lockgate.specs.placeholders import query_text, resolve, values_of
from lockgate.testing.contracts.metric_source import MetricSourceContract, Question, Series

ROOT = Path(__file__).resolve().parents[3]
CLOCK = SystemClock()
PATIENCE = 60.0  # seconds until something has been scraped, on a machine that does much else
DOCUMENT = "/document"  # where an exporter has the text that a test gives it

# The document's file as Keptn 0.2.2 had it, but for the limit, which the document's text gives as one second.
ORIGINAL = """{"spec_version":"1.0",
 "indicators":[
  {"id":"request_latency_seconds","source":"Prometheus",
   "query":"rate(requests_latency_seconds_sum{job='carts-$ENVIRONMENT'}[$DURATION_MINUTESm])/rate(requests_latency_seconds_count{job='carts-$ENVIRONMENT'}[$DURATION_MINUTESm])",
   "grading":{"type":"Threshold","thresholds":{"upperSevere":1},"metricScore":100}}],
 "objectives":{"pass":90,"warning":75}}"""
SUMMED = ORIGINAL.replace("rate(", "sum(rate(").replace("MINUTESm])", "MINUTESm]))")


@dataclass(frozen=True, slots=True)
class Target:
    """The metrics of one release in one project's staging; *name* is its path at its exporter."""

    project: str
    release: str
    colour: str
    exporter: int = 0  # which of the two processes

    @property
    def name(self) -> str:
        return f"/{self.project}-{self.release}"

    @property
    def labels(self) -> dict[str, str]:
        deployment = f"carts-{self.colour}"
        own = {"release": self.release, "deployment": deployment, "pod": f"{deployment}-1"}
        return {"job": f"carts-{self.project}-staging", "__metrics_path__": self.name, **own}


REFUSED = Target("refused", "r-old", "blue"), Target("refused", "r-new", "green", 1)
PASSED = Target("passed", "r-slow", "green"), Target("passed", "r-fast", "blue", 1), Target("passed", "r-idle", "green")
SILENT = Target("silent", "r-old", "blue"), Target("silent", "r-new", "green", 1)
UNSEEN = Target("unseen", "r-old", "blue"), Target("unseen", "r-new", "green", 1)
SCRAPED = (*REFUSED, *PASSED, *SILENT, UNSEEN[0])


@dataclass(frozen=True, slots=True)
class Started:
    prometheus: str
    exporters: tuple[str, str]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Two exporters and a Prometheus that scrapes them. One for all tests: it takes 5 s to find its first targets."""
    program = _program()
    folder = tmp_path_factory.mktemp("prometheus")
    with ExitStack() as stack:
        exporters = _exporter(stack), _exporter(stack)
        static = [{"targets": [exporters[each.exporter]], "labels": each.labels} for each in SCRAPED]
        static.append({"targets": [exporters[0]], "labels": {"__metrics_path__": DOCUMENT}})
        job = {"job_name": "exporters", "static_configs": static}
        config = {"global": {"scrape_interval": "250ms", "scrape_timeout": "250ms"}, "scrape_configs": [job]}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'metrics'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ]
        child = stack.enter_context(subprocess.Popen(command))
        stack.callback(child.terminate)
        yield Started(f"http://127.0.0.1:{port}", exporters)


def _program() -> str:
    unpacked = ROOT / ".tools/prometheus/usr/bin/prometheus"
    found = shutil.which("prometheus") or (str(unpacked) if unpacked.exists() else None)
    if found is None and os.environ.get("CI"):
        pytest.fail("there is no prometheus: tools/fetch-prometheus fetches it")
    if found is None:
        pytest.skip("there is no prometheus: tools/fetch-prometheus fetches it")
    return found


def _exporter(stack: ExitStack) -> str:
    """Its host:port."""
    command = [sys.executable, str(Path(__file__).with_name("exporter_program.py"))]
    child = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    stack.callback(child.terminate)
    assert child.stdout is not None
    return f"127.0.0.1:{child.stdout.readline().strip()}"


async def eventually(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while not await holds():  # noqa: ASYNC110  # Prometheus is asked; it tells nobody of itself
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not so within {PATIENCE} s: {what}") from None


@dataclass(frozen=True, slots=True)
class Live:
    started: Started
    client: HttpClient
    feeder: httpx.AsyncClient

    @property
    def source(self) -> PrometheusSource:
        return PrometheusSource(self.started.prometheus, self.client, deadline=PATIENCE)

    async def sees(self, query: str) -> Window:
        """Waits until *query* gives one series; the window from then to now."""
        start = CLOCK.now()

        async def holds() -> bool:
            try:
                answer = await self.source.query(query, Window(start, CLOCK.now()))
            except TransientError:  # it is still starting
                return False
            return len(answer.samples) == 1

        await eventually(holds, query)
        return Window(start, CLOCK.now())

    async def serves(self, target: Target, requests: int, seconds: float) -> None:
        """So many requests of so many seconds each, and waits until Prometheus has seen them."""
        count = f"requests_latency_seconds_count{{job='{target.labels['job']}',release='{target.release}'}}"
        # A rate needs two scrapes, one of them from before the first request: it knows no zero that it never saw.
        await self.sees(f"count_over_time({count}[1m]) >= 2")
        if requests:
            url = f"http://{self.started.exporters[target.exporter]}{target.name}"
            (await self.feeder.post(url, content="\n".join([str(seconds)] * requests))).raise_for_status()
        await self.sees(f"{count} == {requests}")


@pytest.fixture
async def live(started: Started) -> AsyncIterator[Live]:
    async with HttpClient() as client, httpx.AsyncClient(trust_env=False) as feeder:
        yield Live(started, client, feeder)


@dataclass(frozen=True, slots=True)
class LiveBench:
    live: Live

    async def holding(self, series: Sequence[Series]) -> Question:
        metric = f"latency_{new_id().replace('-', '_')}"
        lines = [f"{metric}{_braces(labels)} {value!r}" for labels, value in series]
        text = "\n".join([f"{metric}_there 1", *lines, ""])
        url = f"http://{self.live.started.exporters[0]}{DOCUMENT}"
        (await self.live.feeder.put(url, content=text)).raise_for_status()
        return Question(self.live.source, metric, await self.live.sees(f"{metric}_there"))

    async def refusing(self) -> Question:
        return Question(self.live.source, "rate(latency[", await self.live.sees("vector(1)"))

    async def away(self) -> Question:
        nobody = PrometheusSource("http://127.0.0.1:1", self.live.client)
        return Question(nobody, "latency", Window(CLOCK.now(), CLOCK.now()))


def _braces(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


class TestLivePrometheus(MetricSourceContract):
    @pytest.fixture
    def bench(self, live: Live) -> LiveBench:
        return LiveBench(live)


@pytest.mark.parametrize(
    ("query", "words"), [("latency[5m]", "answered with a matrix"), ("'x'", "answered with a string")]
)
async def test_a_result_that_is_no_vector_is_permanent(live: Live, query: str, words: str) -> None:
    window = await live.sees("vector(1)")
    with pytest.raises(PermanentError, match=words):
        await live.source.query(query, window)


async def test_a_range_query_and_a_matrix_give_one_value_a_series_by_their_aggregate(live: Live) -> None:
    window = await live.sees("vector(1)")
    over = Window(window.end - timedelta(seconds=10), window.end)
    (most,) = (await live.source.query({"query": "vector(time())", "step": "5s", "aggregate": "max"}, over)).samples
    assert most.value == pytest.approx(over.end.timestamp(), abs=0.01)
    assert most.timestamp == pytest.approx(over.end.timestamp(), abs=0.01)
    (least,) = (await live.source.query({"query": "vector(time())", "step": "5s", "aggregate": "min"}, over)).samples
    assert least.value == pytest.approx(over.start.timestamp(), abs=0.01)
    matrix = {"query": "vector(7)[10s:1s]", "aggregate": "avg"}
    assert [sample.value for sample in (await live.source.query(matrix, over)).samples] == [7]


async def test_a_scalar_and_a_division_by_zero_come_as_they_are(live: Live) -> None:
    window = await live.sees("vector(1)")
    (scalar,) = (await live.source.query("3", window)).samples
    (nothing,) = (await live.source.query("vector(0)/vector(0)", window)).samples
    assert (dict(scalar.labels), scalar.value) == ({}, 3)
    assert math.isnan(nothing.value)


async def gate_on(live: Live, under_test: Target, window: Window, text: str = ORIGINAL) -> Evaluation:
    gate = parse_perfspec("carts/perfspec/perfspec.json", text)
    subject = Subject(
        place=Place(ProjectName(under_test.project), StageName("staging"), ServiceName("carts")),
        delivery="d-1",
        image="docker.io/keptnexamples/carts",
        tag="0.6.1_prometheus",
        release=under_test.release,
        colour=under_test.colour,
        deployment=f"carts-{under_test.colour}",
    )
    (indicator,) = gate.indicators
    query = resolve(indicator.query, values_of(subject, window))
    answer = await live.source.query(query, window)
    measurement = Measurement(indicator.id, indicator.source, query_text(query), answer)
    source = SpecSource("carts/perfspec/perfspec.json", "abc", text)
    return judge(gate, [measurement], subject, window, source, "e-1")


async def test_a_slow_release_is_refused_seconds_after_the_fast_ones_load(live: Live) -> None:
    old, new = REFUSED
    await live.serves(old, requests=150, seconds=0.01)
    start = CLOCK.now()
    await live.serves(new, requests=5, seconds=1.02)
    window = Window(start, CLOCK.now())

    evaluation = await gate_on(live, new, window)
    assert evaluation.verdict is Verdict.FAIL
    assert evaluation.sentence == (
        "failed: request_latency_seconds 1.02 is over 1 (upperSevere): 0 of 100 points, 90 needed"
    )
    (result,) = evaluation.indicators
    assert [sample.labels["release"] for sample in result.judged] == ["r-new"]
    assert [aside.sample.labels["release"] for aside in result.set_aside] == ["r-old"]
    assert result.set_aside[0].sample.value == pytest.approx(0.01)
    assert "[1m]" in result.measurement.query
    assert result.notes == ()

    # Why the rule is there: summed over releases, the same metrics hide the slow one, and the explanation marks it.
    hidden = await gate_on(live, new, window, SUMMED)
    assert hidden.verdict is Verdict.PASS
    assert "the query aggregates without selecting it" in hidden.indicators[0].notes[0]
    selected = SUMMED.replace("'carts-$ENVIRONMENT'", "'carts-$ENVIRONMENT',release='$RELEASE'")
    assert (await gate_on(live, new, window, selected)).verdict is Verdict.FAIL


async def test_a_fast_release_passes_seconds_after_the_slow_ones_load_beside_its_idle_colour(live: Live) -> None:
    old, new, idle = PASSED
    await live.serves(old, requests=20, seconds=1.5)
    start = CLOCK.now()
    await live.serves(new, requests=20, seconds=0.02)
    await live.serves(idle, requests=0, seconds=0)
    evaluation = await gate_on(live, new, Window(start, CLOCK.now()))
    assert evaluation.verdict is Verdict.PASS
    assert evaluation.score == 100
    assert evaluation.sentence == "passed: request_latency_seconds 0.02 is below 1: 100 of 100 points, 90 needed"
    aside = {one.sample.labels["release"]: one.sample.value for one in evaluation.indicators[0].set_aside}
    assert aside["r-slow"] == pytest.approx(1.5)
    assert math.isnan(aside["r-idle"])


async def test_a_new_colour_without_traffic_is_no_data_however_good_the_old_one_is(live: Live) -> None:
    old, new = SILENT
    start = CLOCK.now()
    await live.serves(old, requests=20, seconds=0.01)
    await live.serves(new, requests=0, seconds=0)
    evaluation = await gate_on(live, new, Window(start, CLOCK.now()))
    assert evaluation.verdict is Verdict.NO_DATA
    assert evaluation.score == 0
    assert "1 of 1 series is NaN (0 divided by 0: no requests)" in evaluation.sentence


async def test_a_release_that_was_never_scraped_is_no_data(live: Live) -> None:
    old, never = UNSEEN
    start = CLOCK.now()
    await live.serves(old, requests=20, seconds=0.01)
    evaluation = await gate_on(live, never, Window(start, CLOCK.now()))
    assert evaluation.verdict is Verdict.NO_DATA
    assert "all 1 series name another release" in evaluation.sentence
