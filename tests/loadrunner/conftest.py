"""The load runner as a real process, against a small HTTP server or against carts."""

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

DEADLINE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    exit_code: int
    report: dict[str, Any]
    last_line: str
    termination_log: bytes


@dataclass(slots=True)
class Upstream:
    """A server that answers 200 and remembers what it was asked."""

    url: str = ""
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.03)
    pytest.fail(f"after {DEADLINE_SECONDS:g} s still not: {what}")


def listens(host: str, port: int) -> bool:
    with socket.create_connection((host, port), timeout=1):
        return True


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool], str], None]:
    return until


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    seen = Upstream()

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.requests.append((self.command, self.path, self.headers["Host"]))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    seen.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield seen
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a module in a clean environment; all end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(module: str, *, output: int | None = None, **environment: str) -> subprocess.Popen[bytes]:
        clean = {"PATH": os.environ["PATH"], "POD_ROOT": str(tmp_path), **environment}
        started.append(subprocess.Popen([sys.executable, "-m", module], env=clean, stdout=output))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def carts_url(spawn: Callable[..., subprocess.Popen[bytes]]) -> str:
    """carts with its store, the version that is not slow."""
    third = secrets.randbelow(60_000) + 600
    store, carts = (f"127.{200 + n}.{third // 250}.{third % 250 + 1}" for n in (1, 2))
    spawn("sockshop.carts_db", POD_IP=store)
    spawn("sockshop.carts", POD_IP=carts, CARTS_DB_SERVICE_HOST=store)
    until(lambda: listens(store, 27017), "carts-db listens")
    until(lambda: listens(carts, 8080), "carts listens")
    return f"http://{carts}:8080"


@pytest.fixture
def locustfile(tmp_path: Path) -> Path:
    """Where the pod has its Locust file; holds carts' own until a test writes another."""
    path = tmp_path / "tests" / "locustfile.py"
    path.parent.mkdir()
    path.write_text((Path(str(files("sockshop"))) / "files/tests/locustfile.py").read_text())
    return path


@pytest.fixture
def finished(tmp_path: Path) -> Callable[[subprocess.Popen[bytes]], Run]:
    def wait(process: subprocess.Popen[bytes]) -> Run:
        output, _ = process.communicate(timeout=100)
        last_line = output.decode().splitlines()[-1]
        log = (tmp_path / "dev" / "termination-log").read_bytes()
        return Run(process.returncode, json.loads(last_line), last_line, log)

    return wait


@pytest.fixture
def run(
    spawn: Callable[..., subprocess.Popen[bytes]],
    finished: Callable[[subprocess.Popen[bytes]], Run],
    locustfile: Path,
) -> Callable[..., Run]:
    """run(CHECK=..., TARGET_HOST=..., ...) waits for the end."""
    return lambda **environment: finished(spawn("loadrunner", output=subprocess.PIPE, **environment))
