import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pocketkube.runtime.procfs import alive
from pocketkube.runtime.runs import Launcher, Plan, Run
from pocketkube.runtime.stopping import stop_container

DEADLINE = 40.0  # seconds; the machine may be busy


@dataclass
class Box:
    """A container's folder, and what a test does to it."""

    folder: Path
    launcher: Launcher = field(default_factory=Launcher)

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def plan(self, source: str, *, argv: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Plan:
        return Plan(
            argv=list(argv) or [sys.executable, "-c", source],
            env={"PATH": os.defpath, "POD_ROOT": str(self.root), **(env or {})},
            cwd=str(self.root),
            log=str(self.folder / "log"),
            delay=0.0,
        )

    def run(self, number: int = 1) -> Run:
        return Run.numbered(self.folder, number)

    async def log_has(self, text: str) -> None:
        await self.until(lambda: text in self.log(), f"{text!r} in the log")

    def log(self, name: str = "log") -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def kill_shim(self, number: int = 1) -> None:
        record = json.loads((self.run(number).folder / "child").read_text())
        os.kill(record["shim"]["pid"], signal.SIGKILL)

    async def gone(self, number: int = 1) -> None:
        child = self.run(number).child()
        assert child is not None
        await self.until(lambda: not alive(child), f"the end of {child}")

    @staticmethod
    async def until(condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, f"waited {DEADLINE:g} s for {what}"
            await asyncio.sleep(0.01)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    folder = tmp_path / "pods" / "shop" / "carts-1" / "carts"
    (folder / "root").mkdir(parents=True)
    made = Box(folder)
    yield made
    await stop_container(folder, 0)
