"""Programs of the demo application as real processes, each on a loopback address of its own, as pods are."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

DEADLINE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Program:
    process: subprocess.Popen[bytes]
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


def until(condition: Callable[[], bool], what: str) -> None:
    """Asks again and again; an OSError or httpx error counts as not yet."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (OSError, httpx.HTTPError):
            pass
        time.sleep(0.03)
    pytest.fail(f"after {DEADLINE_SECONDS:g} s still not: {what}")


def free_host() -> str:
    first, second, third = (secrets.randbelow(250) + 2 for _ in range(3))
    return f"127.{first}.{second}.{third}"


def listens(host: str, port: int) -> bool:
    with socket.create_connection((host, port), timeout=1):
        return True


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    """start(module, port, host=..., **environment) waits until the program listens; all end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start_program(module: str, port: int, *, host: str | None = None, **environment: str) -> Program:
        host = host or free_host()
        clean = {"PATH": os.environ["PATH"], "POD_IP": host, **environment}
        process = subprocess.Popen([sys.executable, "-m", module], env=clean)
        started.append(process)
        until(lambda: process.poll() is not None or listens(host, port), f"{module} listens on {host}:{port}")
        return Program(process, host, port)

    yield start_program
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def start_store(start: Callable[..., Program], tmp_path: Path) -> Callable[..., Program]:
    def start_it(**options: str) -> Program:
        return start("sockshop.carts_db", 27017, POD_ROOT=str(tmp_path), **options)

    return start_it


@pytest.fixture
def start_carts(start: Callable[..., Program]) -> Callable[..., Program]:
    def start_it(store: str, **environment: str) -> Program:
        return start("sockshop.carts", 8080, CARTS_DB_SERVICE_HOST=store, **environment)

    return start_it


@pytest.fixture
def carts(start_store: Callable[..., Program], start_carts: Callable[..., Program]) -> Program:
    return start_carts(start_store().host, CARTS_VERSION="v1")


@pytest.fixture
def ask_store() -> Callable[[Program, Mapping[str, object] | bytes], dict[str, Any]]:
    def ask(store: Program, command: Mapping[str, object] | bytes) -> dict[str, Any]:
        line = command if isinstance(command, bytes) else json.dumps(command).encode() + b"\n"
        with socket.create_connection((store.host, store.port), timeout=30) as connection:
            connection.sendall(line)
            answer: dict[str, Any] = json.loads(connection.makefile("rb").readline())
            return answer

    return ask


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool], str], None]:
    return until
