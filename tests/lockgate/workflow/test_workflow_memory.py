"""What the engine in memory has beyond the contract: crash points and a clock that jumps."""

import asyncio
from datetime import datetime
from itertools import pairwise

import pytest

from lockgate.testing.clock import FakeClock
from lockgate.testing.contracts.bench import PassingError, is_passing
from lockgate.workflow.journal import Journal
from lockgate.workflow.memory import Crash, MemoryEngine
from lockgate.workflow.protocol import Retry, Run


class Lab:
    """One journal and clock; `effects` is the outside world, which no crash undoes."""

    def __init__(self) -> None:
        self.clock, self.journal = FakeClock(), Journal()
        self.effects: list[str] = []
        self.engine = self.fresh()

    def fresh(self) -> MemoryEngine:
        self.engine = MemoryEngine(self.clock, again=is_passing, sleep=self.clock.sleep, journal=self.journal)
        self.engine.register("story", self.story)
        return self.engine

    async def story(self, run: Run, argument: str) -> None:
        async def leave(what: str) -> None:
            self.effects.append(what)

        await run.step("deploy", lambda: leave("deploy"), None)
        await run.sleep("soak", 3600)
        ready = self.clock.now().timestamp() + 90

        async def check() -> str | None:
            return "ready" if self.clock.now().timestamp() >= ready else None

        answer = str(await run.wait_for("answer", check, str, every=10, within=600))
        await run.step("ready", lambda: leave(answer), None)
        await run.step("promote", lambda: leave("promote"), None)

    async def live(self) -> None:
        """From launch until nothing moves."""
        await self.engine.launch()
        try:
            await self.engine.start("story", "1", "")
        except Crash:
            return
        await self.engine.settle()


_POINTS = [
    "story:before",
    "deploy:before",
    "deploy:after",
    "soak:before",
    "soak:after",
    "answer:before",
    "answer:after",
    "ready:before",
    "ready:after",
    "promote:before",
    "promote:after",
    "story:after",
]


async def test_a_run_passes_its_crash_points_in_order_and_hours_pass_at_once() -> None:
    lab = Lab()
    begin = lab.clock.now()
    await lab.live()
    assert lab.engine.points == _POINTS
    assert lab.effects == ["deploy", "ready", "promote"]
    assert (lab.clock.now() - begin).total_seconds() == 3600 + 90
    assert lab.engine.failures == {}


@pytest.mark.parametrize("point", _POINTS)
async def test_a_run_that_dies_anywhere_reaches_its_end_in_the_next_engine(point: str) -> None:
    lab = Lab()
    lab.engine.crash_at(point)
    await lab.live()
    assert lab.engine.crashed == point
    next_life = lab.fresh()
    await lab.live()
    assert next_life.crashed is None
    whole = ("deploy", "ready", "promote")
    assert lab.effects == [what for what in whole for _ in range(2 if point == f"{what}:after" else 1)]


async def test_any_nth_point_can_be_the_last() -> None:
    for nth, point in enumerate(_POINTS, start=1):
        lab = Lab()
        lab.engine.crash_at("*", nth)
        await lab.live()
        assert lab.engine.crashed == point


async def test_after_a_restart_only_the_rest_of_a_sleep_is_slept() -> None:
    lab = Lab()
    begin = lab.clock.now()
    await lab.engine.launch()
    await lab.engine.start("story", "1", "")
    await lab.clock.sleep(3000)
    lab.engine.kill()
    await lab.engine.settle()
    assert (lab.clock.now() - begin).total_seconds() == 3000
    lab.fresh()
    await lab.live()
    assert (lab.clock.now() - begin).total_seconds() == 3600 + 90


async def test_a_dead_engine_does_nothing_more_for_any_run() -> None:
    lab = Lab()
    others: list[str] = []

    async def other(run: Run, argument: str) -> None:
        async def slow() -> None:
            await lab.clock.sleep(5)
            others.append("late")

        await run.step("slow", slow, None)

    lab.engine.register("other", other)
    lab.engine.crash_at("deploy:after")
    await lab.engine.launch()
    await lab.engine.start("other", "2", "")
    await lab.engine.start("story", "1", "")
    await lab.engine.settle()
    assert others == []
    with pytest.raises(Crash):
        await lab.engine.start("other", "3", "")
    assert set(lab.journal.runs) == {"1", "2"}


async def test_no_code_of_a_story_survives_the_crash() -> None:
    lab = Lab()

    async def stubborn(run: Run, argument: str) -> None:
        async def leave(what: str) -> None:
            lab.effects.append(what)

        try:
            await run.step("first", lambda: leave("first"), None)
        finally:
            await run.step("clean up", lambda: leave("clean up"), None)

    lab.engine.register("stubborn", stubborn)
    lab.engine.crash_at("first:after")
    await lab.engine.launch()
    await lab.engine.start("stubborn", "1", "")
    await lab.engine.settle()
    assert lab.effects == ["first"]
    assert lab.journal.records == []


async def test_an_effect_may_die_in_its_middle() -> None:
    lab = Lab()
    lab.engine = MemoryEngine(lab.clock, sleep=lab.clock.sleep, journal=lab.journal)

    async def story(run: Run, argument: str) -> None:
        async def half() -> None:
            raise Crash("between two writes")

        await run.step("half", half, None)

    lab.engine.register("story", story)
    await lab.live()
    assert lab.engine.crashed == "between two writes"
    assert lab.journal.ended == {}


async def test_a_bug_in_a_story_is_kept_for_the_test_to_see(caplog: pytest.LogCaptureFixture) -> None:
    engine = MemoryEngine(FakeClock())

    async def story(run: Run, argument: str) -> None:
        raise ZeroDivisionError("division by zero")

    engine.register("story", story)
    await engine.launch()
    await engine.start("story", "1", "")
    await engine.settle()
    assert [repr(error) for error in engine.failures.values()] == ["ZeroDivisionError('division by zero')"]
    assert "run 1 ended by an exception" in caplog.text


async def test_pauses_between_attempts_double_up_to_the_longest() -> None:
    lab = Lab()
    moments: list[datetime] = []

    async def story(run: Run, argument: str) -> None:
        async def refused() -> None:
            moments.append(lab.clock.now())
            raise PassingError("refused")

        await run.step("call", refused, None, Retry(attempts=6, first=1.0, longest=5.0))

    lab.engine.register("retrying", story)
    await lab.engine.launch()
    await lab.engine.start("retrying", "1", "")
    await lab.engine.settle()
    assert [(later - moment).total_seconds() for moment, later in pairwise(moments)] == [1, 2, 4, 5, 5]


async def test_sleepers_wake_in_order_and_do_not_add_up() -> None:
    clock = FakeClock()
    begin, woken = clock.now(), []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, (clock.now() - begin).total_seconds()))

    async def twice() -> None:
        await sleeper(20)
        await sleeper(15)

    await asyncio.gather(sleeper(60), twice(), sleeper(10), sleeper(0))
    assert woken == [(0, 0), (10, 10), (20, 20), (15, 35), (60, 60)]


async def test_a_sleeper_that_is_cancelled_holds_nobody_up() -> None:
    clock = FakeClock()
    begin = clock.now()
    early = asyncio.create_task(clock.sleep(5))
    late = asyncio.create_task(clock.sleep(50))
    await asyncio.sleep(0)
    early.cancel()
    await late
    assert (clock.now() - begin).total_seconds() == 50
