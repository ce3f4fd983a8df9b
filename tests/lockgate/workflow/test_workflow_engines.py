"""Both engines keep the one contract."""

from pathlib import Path

import pytest

from lockgate.kit.clock import SystemClock
from lockgate.testing.clock import FakeClock
from lockgate.testing.contracts.bench import MOST, is_passing
from lockgate.testing.contracts.workflow import EngineContract
from lockgate.workflow.dbos import DbosEngine
from lockgate.workflow.journal import Journal
from lockgate.workflow.memory import MemoryEngine


class MemoryBench:
    def __init__(self) -> None:
        self.clock, self.journal = FakeClock(), Journal()

    def engine(self) -> MemoryEngine:
        return MemoryEngine(self.clock, again=is_passing, sleep=self.clock.sleep, journal=self.journal, most_lives=MOST)


class DbosBench:
    def __init__(self, url: str) -> None:
        self.url = url

    def engine(self) -> DbosEngine:
        return DbosEngine(self.url, SystemClock(), again=is_passing, most_lives=MOST)


class TestMemoryEngine(EngineContract):
    @pytest.fixture
    def bench(self) -> MemoryBench:
        return MemoryBench()


class TestDbosEngine(EngineContract):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> DbosBench:
        return DbosBench(f"sqlite:///{tmp_path}/lockgate.db")
