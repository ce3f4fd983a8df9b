"""Time to verdict of a gate: measuring over HTTP and judging, with few and many indicators, slow and hanging sources.

Prints a table and writes JSON: `python bench/gate.py [FILE]`, or `make bench`. A server process of its own answers as
Prometheus does. Times are wall clock in milliseconds, and CPU that of the gate's own process for one indicator; run it
on an idle machine.
"""

import asyncio
import contextlib
import json
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lockgate.delivery.measure import Measuring
from lockgate.delivery.outside import Outside, Patience
from lockgate.domain.evaluation import Answer, Evaluation, Measurement, Sample, SpecSource, Subject, Window
from lockgate.domain.gate import Gate, Indicator, Objectives, Thresholds
from lockgate.domain.project import Place
from lockgate.evaluation.judge import judge
from lockgate.ports.metric_source import MetricSource
from lockgate.sources.prometheus import PrometheusSource
from lockgate.testing.world import World
from lockgate.wiring.clients import Clients
from lockgate.wiring.collector import calm_collector

INDICATORS = (1, 10, 50, 200, 1000)
DELAYS_MS = (0, 20, 200)
ROUNDS = {1: 50, 10: 50, 50: 50, 200: 25, 1000: 10}
DEADLINE = 1.0  # seconds of an indicator, where one source hangs
END = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
WINDOW = Window(END - timedelta(seconds=15), END)
SPEC = SpecSource("perfspec.json", "", "")


def gate_of(count: int, *, hanging: bool = False) -> Gate:
    names = [f"i{number}" for number in range(count)]
    queries = ["hang" if hanging and number == 0 else name for number, name in enumerate(names)]
    indicators = tuple(
        Indicator(name, "Prometheus", query, Thresholds(upper_severe=1.0), 1.0)
        for name, query in zip(names, queries, strict=True)
    )
    return Gate(indicators, Objectives(float(count), float(count)))


async def verdict(outside: Outside, gate: Gate, subject: Subject) -> Evaluation:
    measurements = await Measuring(outside, gate, subject, WINDOW).ask()
    return judge(gate, measurements, subject, WINDOW, SPEC, "bench")


class OneSource:
    """Every name is the server that this bench has started."""

    def __init__(self, source: MetricSource) -> None:
        self._source = source

    async def source(self, name: str, place: Place | None = None) -> MetricSource:
        return self._source


async def timed(outside: Outside, gate: Gate, subject: Subject, rounds: int) -> dict[str, float]:
    await verdict(outside, gate, subject)  # connections are kept alive, as they are between two deliveries
    found, worked = [], time.process_time()
    for _ in range(rounds):
        started = time.perf_counter()
        await verdict(outside, gate, subject)
        found.append((time.perf_counter() - started) * 1000)
    each = (time.process_time() - worked) * 1000 / rounds / len(gate.indicators)
    found.sort()
    p99 = found[math.ceil(0.99 * len(found)) - 1]
    return {"p50": statistics.median(found), "p99": p99, "cpu_ms": each, "rounds": rounds}


async def by_http() -> list[dict[str, Any]]:
    world = World()
    subject = Subject(world.place("staging"), "d", "carts", "1.0", "r", "", "carts")
    rows = []
    for delay in DELAYS_MS:
        with server(delay) as address:
            clients = Clients()
            source = PrometheusSource(address, await clients.to(address))
            outside = replace(world.outside, sources=OneSource(source), patience=Patience())
            for count in INDICATORS:
                times = await timed(outside, gate_of(count), subject, ROUNDS[count])
                rows.append({"indicators": count, "answer_ms": delay, **times})
            if delay == DELAYS_MS[1]:
                late = replace(outside, patience=replace(outside.patience, indicator=DEADLINE))
                times = await timed(late, gate_of(50, hanging=True), subject, 3)
                rows.append(
                    {"indicators": 50, "answer_ms": delay, "hanging": 1, "deadline_ms": DEADLINE * 1000, **times}
                )
            await clients.aclose()
    return rows


def judged_alone() -> dict[str, float]:
    """Grading of 100 000 values, and the memory that 10 000 evaluations leave behind."""
    subject = Subject(World().place("staging"), "d", "carts", "1.0", "r", "", "carts")
    many = tuple(Sample({"n": str(number)}, 0.5, END.timestamp()) for number in range(100_000))
    measured = Measurement("i0", "Prometheus", "i0", Answer(many, ""))
    started = time.perf_counter()
    judge(gate_of(1), [measured], subject, WINDOW, SPEC, "bench")
    grading = time.perf_counter() - started
    few = Measurement("i0", "Prometheus", "i0", Answer(many[:10], ""))
    before = _resident_mb()
    for _ in range(10_000):
        judge(gate_of(1), [few], subject, WINDOW, SPEC, "bench")
    return {"grading_100000_s": grading, "resident_growth_mb": _resident_mb() - before}


def _resident_mb() -> float:
    """The most that was ever resident, in MB: it grows only when memory is not given back."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextlib.contextmanager
def server(delay_ms: int) -> Iterator[str]:
    """A process that answers as Prometheus, each time after *delay_ms*, and never to the query `hang`."""
    command = [sys.executable, str(Path(__file__).with_name("answering.py")), str(delay_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def main() -> None:
    calm_collector()  # as `lockgate serve` does
    rows, alone = asyncio.run(by_http()), judged_alone()
    print(f"{'indicators':>10} {'answer ms':>10} {'p50 ms':>8} {'p99 ms':>8} {'CPU ms':>7}")
    for row in rows:
        note = f"  one hangs, deadline {row['deadline_ms']:g} ms" if "hanging" in row else ""
        times = f"{row['p50']:>8.1f} {row['p99']:>8.1f} {row['cpu_ms']:>7.2f}"
        print(f"{row['indicators']:>10} {row['answer_ms']:>10} {times}{note}")
    print(f"grading of 100 000 values: {alone['grading_100000_s']:.2f} s")
    print(f"growth over 10 000 evaluations: {alone['resident_growth_mb']:.1f} MB")
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps({"rows": rows, **alone}, indent=2) + "\n")


if __name__ == "__main__":
    main()
