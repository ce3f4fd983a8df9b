"""The tester in memory keeps the contract and ends as scripted."""

from datetime import UTC, datetime

import pytest

from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place
from lockgate.domain.testing import Check, CheckRequest, CheckResult, CheckTrouble, Load
from lockgate.testers.memory import MemoryTester, Tally
from lockgate.testing.contracts.tester import Requests, TesterContract

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
STAGING = StageName("staging")


class StoppedClock:
    def now(self) -> datetime:
        return START


def request(check: Check, run: str, stage: StageName = STAGING) -> CheckRequest:
    return CheckRequest(
        run=run,
        check=check,
        place=Place(ProjectName("shop"), stage, ServiceName("carts")),
        script="",
        host="carts.shop-staging.localhost",
        through_gateway=False,
        load=Load(users=2, seconds=15),
        fence=1,
    )


class TestMemoryTester(TesterContract):
    __test__ = True

    @pytest.fixture
    def tester(self) -> MemoryTester:
        return MemoryTester(StoppedClock())

    @pytest.fixture
    def request_of(self) -> Requests:
        return request


async def test_a_performance_check_has_the_window_of_its_load() -> None:
    tester = MemoryTester(StoppedClock())
    await tester.start(request(Check.PERFORMANCE, "run"))
    result = await tester.outcome(request(Check.PERFORMANCE, "run"))
    assert isinstance(result, CheckResult)
    assert (result.window.start, result.window.seconds) == (START, 15.0)


async def test_a_script_for_a_stage_goes_before_one_for_all() -> None:
    tester = MemoryTester(StoppedClock())
    tester.script[(None, Check.FUNCTIONAL)] = Tally(requests=4, failures=1)
    tester.script[(STAGING, Check.FUNCTIONAL)] = CheckTrouble("no image")
    for stage in (STAGING, StageName("dev")):
        await tester.start(request(Check.FUNCTIONAL, stage, stage))
    assert await tester.outcome(request(Check.FUNCTIONAL, "staging")) == CheckTrouble("no image")
    other = await tester.outcome(request(Check.FUNCTIONAL, "dev", StageName("dev")))
    assert isinstance(other, CheckResult)
    assert other.failure_ratio == 0.25


async def test_a_held_check_keeps_running_until_it_is_let_go() -> None:
    tester = MemoryTester(StoppedClock())
    tester.held.add(Check.HEALTH)
    await tester.start(request(Check.HEALTH, "run"))
    assert await tester.outcome(request(Check.HEALTH, "run")) is None
    tester.held.clear()
    assert isinstance(await tester.outcome(request(Check.HEALTH, "run")), CheckResult)


async def test_what_was_started_is_listed_once() -> None:
    tester = MemoryTester(StoppedClock())
    for _ in range(2):
        await tester.start(request(Check.HEALTH, "run"))
    assert [each.check for each in tester.started] == [Check.HEALTH]
