import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn
from fastapi import FastAPI

from lockgate.api.access import Access
from lockgate.api.app import create_app
from lockgate.configrepo.git import GitConfigRepo
from lockgate.configrepo.http import GitEndpoint
from lockgate.configrepo.push import Findings
from lockgate.delivery import lanes
from lockgate.delivery.onboarding import Templates
from lockgate.domain.names import ProjectName
from lockgate.kit.clock import SystemClock
from lockgate.testing.world import LOCUST_FILE, VALUES, World
from lockgate.wiring.sources import ConfiguredSources

T = TypeVar("T")

TOKEN = "t0ken-that-must-not-be-seen"
PATIENCE = 90.0
UNLIMITED = 10_000


def until(condition: Callable[[], T], what: str = "it did not come true") -> T:
    """The first truthy answer of *condition*."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(what)


@dataclass
class Result:
    code: int
    out: str
    err: str


@dataclass
class Started:
    """A command that runs on; its output goes to a file, which can be read while it grows."""

    process: "subprocess.Popen[bytes]"
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(errors="replace")

    def shows(self, text: str) -> None:
        until(lambda: text in self.text, f"{text!r} was not shown")

    def ends(self) -> int:
        return self.process.wait(PATIENCE)


class Forks:
    """Fresh processes of the program, forked from one that has imported it."""

    def __init__(self, folder: Path) -> None:
        program = Path(__file__).parent / "cli_forks_program.py"
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, arguments: tuple[str, ...], stdin: str, environment: Mapping[str, str], folder: Path) -> Result:
        files = {name: self._folder / name for name in ("stdin", "stdout", "stderr")}
        for name, path in files.items():
            path.write_text(stdin if name == "stdin" else "")
        paths = {name: str(path) for name, path in files.items()}
        call = {"arguments": arguments, "environment": dict(environment), "folder": str(folder), **paths}
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Result(code=code, out=files["stdout"].read_text(), err=files["stderr"].read_text())

    def end(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


@dataclass
class Shell:
    """A user's machine: a home of its own, and the real program. `run` forks it, `start` starts it from nothing."""

    home: Path
    forks: Forks
    more: dict[str, str] = field(default_factory=dict)

    @property
    def credentials(self) -> Path:
        return self.home / ".lockgate" / "credentials"

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        fixed = {"HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1", "PYTHONUTF8": "1"}
        return {**kept, **fixed, **self.more, **more}

    def run(self, *arguments: str, stdin: str = "", folder: Path | None = None, **more: str) -> Result:
        return self.forks.run(arguments, stdin, self.environment(more), folder or self.home)

    def run_afresh(self, *arguments: str, **more: str) -> Result:
        """With an interpreter of its own, which reads its settings from the environment."""
        started = self.start(*arguments, **more)
        code = started.ends()
        return Result(code=code, out=started.text, err="")

    def start(self, *arguments: str, **more: str) -> Started:
        path = self.home / f"output-{time.monotonic_ns()}"
        with path.open("wb") as output:
            process = subprocess.Popen(
                command(arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment(more),
                cwd=self.home,
            )
        return Started(process=process, path=path)

    def log_in(self, endpoint: str, token: str = TOKEN) -> None:
        """As `auth` leaves it; `auth` itself has tests of its own."""
        self.credentials.parent.mkdir(mode=0o700, exist_ok=True)
        self.credentials.touch(mode=0o600)
        self.credentials.write_text(f'{{"endpoint": "{endpoint}", "token": "{token}"}}\n')


def command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "lockgate.cli", *arguments]


class Served:
    """The real API on a real server, over a World whose story goes on in the background. The loop is a thread's."""

    def __init__(self, git: Path | None = None) -> None:
        self.world = World()
        # The seconds that a terminal shows are those since the delivery was accepted: the world's time must be near.
        self.world.clock.advance((SystemClock().now() - self.world.clock.now()).total_seconds())
        self.turns = UNLIMITED
        self._git = git
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._turning: asyncio.Task[None] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def call(self, story: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(story, self._loop).result(PATIENCE)

    def until(self, condition: Callable[[], T]) -> T:
        return until(condition)

    def begin(self) -> None:
        """One token, and the services of the story without their database, so that a turn is a stage."""
        self.call(self.world.store.add("first", TOKEN, self.world.clock.now()))
        self.call(self._begin())
        self.start()

    async def _begin(self) -> None:
        await self.world.engine.launch()
        self._turning = asyncio.create_task(self._turn())

    def start(self) -> None:
        self.call(self._start())
        until(lambda: self._server and self._server.started)

    async def _start(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(self._app(), log_level="critical", lifespan="off", timeout_graceful_shutdown=0)
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))

    def stop(self) -> None:
        """Open connections break off."""
        self.call(self._stop())

    async def _stop(self) -> None:
        if self._server and self._serving:
            self._server.should_exit = self._server.force_exit = True
            await self._serving

    def turn_away(self, callers: int) -> None:
        """In the place of the stopped server: so many come, and get no answer."""
        with socket.create_server(("127.0.0.1", self._port)) as listener:
            listener.settimeout(PATIENCE)
            for _ in range(callers):
                listener.accept()[0].close()

    def end(self) -> None:
        if self._turning:
            self._loop.call_soon_threadsafe(self._turning.cancel)
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)

    async def _turn(self) -> None:
        while True:
            if self.turns > 0:
                self.turns -= await lanes.give_turns(self.world.outside, self.world.engine)
            await asyncio.sleep(0.01)

    def _app(self) -> FastAPI:
        world = self.world
        own = {"prometheus": f"{self.endpoint}/monitoring"}
        sources = ConfiguredSources(world.store, world.clock, own)
        access = Access(world.store, world.clock)
        repo = GitConfigRepo(self._git) if self._git else None
        outside = replace(world.outside, repo=repo) if repo else world.outside
        templates = Templates({"tests/locustfile.py": LOCUST_FILE})
        app = create_app(outside, access, templates=templates, configure=sources.configure)

        @app.post("/monitoring/api/v1/query")
        @app.get("/monitoring/api/v1/query")
        async def query() -> dict[str, Any]:
            return {"status": "success", "data": {"resultType": "vector", "result": []}}

        if repo:
            app.mount("/git", GitEndpoint(repo, access.knows, _accept_all))
        return app


async def _accept_all(project: ProjectName, files: Mapping[str, str], changed: tuple[str, ...]) -> Findings:
    return Findings()


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    made = Forks(tmp_path_factory.mktemp("streams"))
    yield made
    made.end()


@pytest.fixture
def shell(tmp_path: Path, forks: Forks) -> Shell:
    home = tmp_path / "home"
    home.mkdir()
    return Shell(home, forks)


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    made.begin()
    yield made
    made.end()


@pytest.fixture
def shop(served: Served, shell: Shell) -> Served:
    """Project sockshop with the service carts, and the user is logged in."""
    served.call(served.world.create(services={"carts": VALUES}))
    shell.log_in(served.endpoint)
    return served


@pytest.fixture
def git_served(tmp_path: Path) -> Iterator[Served]:
    """With real git repositories, served at /git."""
    made = Served(git=tmp_path / "git")
    made.begin()
    yield made
    made.end()
