import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pocketkube.runtime.health import Health
from pocketkube.runtime.probes import Answer, Target, ask

DEADLINE = 40.0


@dataclass
class Upstream:
    """An HTTP server that answers as it is told, and keeps what it was asked."""

    port: int = 0
    status: int = 200
    delay: float = 0.0
    asked: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
            await asyncio.sleep(self.delay)
            writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 2\r\n\r\nok".encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@dataclass
class Notes:
    """What a Health said."""

    changes: list[tuple[bool, bool]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def health_changed(self, *, started: bool, ready: bool) -> None:
        self.changes.append((started, ready))

    def probe_failed(self, probe: str, text: str) -> None:
        self.failures.append(f"{probe}: {text}")


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    made = Upstream()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@pytest.fixture
def target(upstream: Upstream, tmp_path: Path) -> Target:
    return Target("127.0.0.1", {"http": upstream.port}, tmp_path, {"PATH": os.defpath, "COLOUR": "blue"})


async def until(condition: Any, what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE:g} s for {what}"
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (204, True), (302, True), (404, False), (503, False)])
async def test_an_http_answer_below_400_is_health(
    upstream: Upstream, target: Target, status: int, healthy: bool
) -> None:
    upstream.status = status
    answer = await ask({"httpGet": {"port": "http", "path": "/health"}, "timeoutSeconds": 20}, target)
    assert answer == Answer(healthy, "" if healthy else f"HTTP probe failed with statuscode: {status}")


async def test_an_http_probe_sends_its_path_and_headers(upstream: Upstream, target: Target) -> None:
    headers = [{"name": "host", "value": "carts"}, {"name": "X-Stage", "value": "dev"}]
    await ask({"httpGet": {"port": upstream.port, "path": "ready?x=1", "httpHeaders": headers}}, target)
    lines = upstream.asked[0].split("\r\n")
    assert lines[0] == "GET /ready?x=1 HTTP/1.1"
    assert {"Host: carts", "X-Stage: dev", "Connection: close"} <= set(lines)


async def test_no_answer_in_time_is_no_health(upstream: Upstream, target: Target) -> None:
    upstream.delay = DEADLINE
    answer = await ask({"httpGet": {"port": "http"}, "timeoutSeconds": 1}, target)
    assert answer == Answer(False, "no answer within 1 s")


async def test_a_port_that_nobody_listens_on_is_no_health(target: Target) -> None:
    answer = await ask({"tcpSocket": {"port": 1}, "timeoutSeconds": 20}, target)
    assert not answer.healthy
    assert "127.0.0.1" in answer.text


async def test_a_listening_port_is_health_over_tcp(target: Target) -> None:
    assert (await ask({"tcpSocket": {"port": "http"}, "timeoutSeconds": 20}, target)).healthy


async def test_a_port_name_the_container_does_not_have_is_named(target: Target) -> None:
    answer = await ask({"tcpSocket": {"port": "grpc"}}, target)
    assert answer == Answer(False, 'the container has no port named "grpc"')


@pytest.mark.parametrize(("code", "healthy"), [(0, True), (3, False)])
async def test_a_command_runs_in_the_containers_environment(target: Target, code: int, healthy: bool) -> None:
    source = f"import os; print(os.environ['COLOUR'], os.getcwd()); raise SystemExit({code})"
    answer = await ask({"exec": {"command": [sys.executable, "-c", source]}, "timeoutSeconds": 20}, target)
    assert answer == Answer(healthy, "" if healthy else f"blue {target.root}")


async def test_a_command_that_takes_too_long_is_ended_with_its_children(target: Target) -> None:
    mark = f"mark-{secrets.token_hex(8)}"
    source = "import os, time; os.fork(); time.sleep(1000)"
    answer = await ask({"exec": {"command": [sys.executable, "-c", source, mark]}, "timeoutSeconds": 1}, target)
    assert not answer.healthy
    await until(lambda: not _with_argument(mark), "the end of the command")


async def test_a_probe_without_a_way_to_look_is_a_fault(target: Target) -> None:
    with pytest.raises(ValueError, match="httpGet, tcpSocket or exec"):
        await ask({"periodSeconds": 1}, target)


async def test_readiness_follows_the_container_there_and_back(upstream: Upstream, target: Target) -> None:
    upstream.status = 503
    notes = Notes()
    probe = {"httpGet": {"port": "http"}, "periodSeconds": 0.1, "failureThreshold": 2, "timeoutSeconds": 20}
    watch = asyncio.create_task(Health({"readinessProbe": probe}, target, notes).watch())
    await until(lambda: len(upstream.asked) > 2, "three looks")
    assert notes.changes == [(True, False)]
    for status, change in ((200, (True, True)), (503, (True, False)), (200, (True, True))):
        upstream.status = status
        await until(lambda change=change: notes.changes[-1] == change, f"{change}")
    assert "Readiness: HTTP probe failed with statuscode: 503" in notes.failures
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)


async def test_a_container_without_probes_is_ready_when_it_runs(target: Target) -> None:
    notes = Notes()
    watch = asyncio.create_task(Health({}, target, notes).watch())
    await until(lambda: notes.changes, "a change")
    assert notes.changes == [(True, True)]
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)


async def test_liveness_asks_for_a_restart_after_its_threshold_and_not_before(
    upstream: Upstream, target: Target
) -> None:
    upstream.status = 500
    notes = Notes()
    probe = {"httpGet": {"port": "http"}, "periodSeconds": 0.05, "failureThreshold": 4, "timeoutSeconds": 20}
    async with asyncio.timeout(DEADLINE):
        assert await Health({"livenessProbe": probe}, target, notes).watch() == "liveness"
    assert notes.failures == ["Liveness: HTTP probe failed with statuscode: 500"] * 4


async def test_nothing_else_is_asked_before_startup_succeeded(upstream: Upstream, target: Target) -> None:
    upstream.status = 503
    notes = Notes()
    container = {
        "startupProbe": {"httpGet": {"port": "http", "path": "/started"}, "periodSeconds": 600, "timeoutSeconds": 20},
        "livenessProbe": {"httpGet": {"port": "http", "path": "/alive"}, "timeoutSeconds": 20},
    }
    watch = asyncio.create_task(Health(container, target, notes).watch())
    await until(lambda: len(upstream.asked) > 2, "three looks")
    assert all("/started" in request for request in upstream.asked)
    assert notes.changes == []
    upstream.status = 200
    await until(lambda: any("/alive" in request for request in upstream.asked), "a look for liveness")
    assert notes.changes == [(True, True)]
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)


async def test_one_who_comes_back_does_not_call_a_ready_container_unready(upstream: Upstream, target: Target) -> None:
    notes = Notes()
    probe = {"httpGet": {"port": "http"}, "periodSeconds": 0.05, "timeoutSeconds": 20}
    health = Health({"readinessProbe": probe, "startupProbe": probe}, target, notes)
    health.resume(started=True, ready=True)
    watch = asyncio.create_task(health.watch())
    await until(lambda: len(upstream.asked) > 2, "three looks")
    assert notes.changes == []
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)


def _with_argument(mark: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "cmdline").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found
