"""What every tester must do.

Use: a test class that inherits `TesterContract` and has the fixtures `tester` (the adapter under test) and `request_of`
(a function from a check and a run's id to a CheckRequest that the adapter can carry out against a healthy service).
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from lockgate.domain.testing import Check, CheckRequest, CheckResult, CheckTrouble
from lockgate.ports.tester import Tester

Requests = Callable[[Check, str], CheckRequest]

_PATIENCE = 120.0  # seconds until a check must be over


class TesterContract:
    __test__ = False  # only what inherits it is run

    async def test_a_check_of_a_healthy_service_ends_without_failures(
        self, tester: Tester, request_of: Requests
    ) -> None:
        for check in Check:
            request = request_of(check, "run-1")
            await tester.start(request)
            result = await over(tester, request)
            assert isinstance(result, CheckResult)
            assert result.requests > 0
            assert result.failures == 0
            assert result.window.start.tzinfo is not None
            assert result.window.seconds > 0

    async def test_the_outcome_stays_the_same_when_asked_again(self, tester: Tester, request_of: Requests) -> None:
        request = request_of(Check.FUNCTIONAL, "run-2")
        await tester.start(request)
        assert await over(tester, request) == await over(tester, request)

    async def test_starting_twice_is_starting_once(self, tester: Tester, request_of: Requests) -> None:
        request = request_of(Check.FUNCTIONAL, "run-3")
        await tester.start(request)
        first = await over(tester, request)
        await tester.start(request)
        assert await over(tester, request) == first

    async def test_a_check_that_was_never_started_is_trouble(self, tester: Tester, request_of: Requests) -> None:
        outcome = await tester.outcome(request_of(Check.HEALTH, "run-4"))
        assert isinstance(outcome, CheckTrouble)
        assert "health" in outcome.reason

    async def test_the_checks_of_two_runs_are_two(self, tester: Tester, request_of: Requests) -> None:
        await tester.start(request_of(Check.HEALTH, "run-5"))
        other = replace(request_of(Check.HEALTH, "run-5"), run="run-6")
        assert isinstance(await tester.outcome(other), CheckTrouble)


async def over(tester: Tester, request: CheckRequest) -> CheckResult | CheckTrouble:
    """The outcome, once there is one. Raises TimeoutError."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            outcome = await tester.outcome(request)
            if outcome is not None:
                return outcome
            await asyncio.sleep(0.1)
