"""A process with a DBOS engine in it, which dies where it is told to: run by test_workflow_kill.py.

Arguments: database URL, file that effects write a line to, the point to die at (or `-`), the scenario with its
seconds. They are this life's: what an earlier life recorded has to win over them.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from lockgate.kit.clock import SystemClock
from lockgate.workflow.dbos import DbosEngine
from lockgate.workflow.protocol import Run, StepFailedError


@dataclass(frozen=True, slots=True)
class Moved:
    weight: float


@dataclass(frozen=True, slots=True)
class Stayed:
    weight: float


class Program:
    def __init__(self, effects: Path, point: str, seconds: float) -> None:
        self.effects, self.point, self.seconds, self.over = effects, point, seconds, asyncio.Event()

    def reach(self, point: str) -> None:
        if point == self.point:
            os._exit(137)

    def write(self, line: str) -> None:
        with self.effects.open("a") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    async def deploy(self, run: Run, argument: str) -> None:
        """Each step dies before its effect, after it (not recorded), or once it is recorded."""
        for name in ("plan", "apply", "shift"):
            await run.step(name, lambda name=name: self.effect(name), Moved | Stayed)  # type: ignore[misc]
            self.reach(f"{name}:recorded")
        try:
            await run.step("refuse", self.refusal, None)
        except StepFailedError as error:
            self.write(f"refused with {error.error} {error.message}")
        self.reach("refuse:recorded")
        self.write("end")
        self.over.set()

    async def effect(self, name: str) -> Moved | Stayed:
        self.reach(f"{name}:before")
        self.write(name)
        self.reach(f"{name}:after")
        return Moved(float("nan"))

    async def refusal(self) -> None:
        self.write("refuse")
        raise ValueError("no such host")

    async def nap(self, run: Run, argument: str) -> None:
        await run.step("begin", self.now, float)
        await run.sleep("nap", self.seconds)
        self.write("end")
        self.over.set()

    async def wait(self, run: Run, argument: str) -> None:
        async def never() -> str | None:
            self.write("asked")
            return None

        answer = await run.wait_for("answer", never, str, every=0.2, within=self.seconds)
        self.write(f"end {answer}")
        self.over.set()

    async def now(self) -> float:
        self.write("begin")
        return 0.0


async def main(url: str, effects: str, point: str, scenario: str) -> None:
    name, _, seconds = scenario.partition(" ")
    program = Program(Path(effects), point, float(seconds or 0))
    engine = DbosEngine(url, SystemClock())
    engine.register(name, getattr(program, name))
    await engine.launch()
    await engine.start(name, "1", "")
    program.write("acknowledged")
    await program.over.wait()
    await engine.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
