"""Step `run_tests`: a health check, then the check that the stage's test strategy asks for."""

from functools import partial

from lockgate.delivery.conclusion import Conclusion, StageTroubleError
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import Plan, service_files
from lockgate.delivery.restarts import with_restarts
from lockgate.delivery.scripts import TestScript, read_tests
from lockgate.delivery.telling import stage_fields, tell, tell_step
from lockgate.domain.delivery import StageRun
from lockgate.domain.evaluation import Verdict, Window
from lockgate.domain.event import EventType
from lockgate.domain.project import TestStrategy
from lockgate.domain.testing import Check, CheckRequest, CheckResult, CheckTrouble
from lockgate.kit.clock import rfc3339
from lockgate.manifests.hosts import hosts_of
from lockgate.workflow.protocol import Run

MOST_FAILURES = {Check.HEALTH: 0.0, Check.FUNCTIONAL: 0.0, Check.PERFORMANCE: 0.1}
"""The share of failed requests up to which a check passes; 10 % for load is Keptn 0.4's maxAcceptedErrorRate."""

_CHECK_OF = {TestStrategy.FUNCTIONAL: Check.FUNCTIONAL, TestStrategy.PERFORMANCE: Check.PERFORMANCE}


async def run_tests(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> Window | Conclusion:
    """The window of the load when all checks passed, else the conclusion that they failed."""
    if turn.fixed:
        return Conclusion(verdict=None, reason=f"{turn.place.service} has a fixed image: it is settled, not judged")
    if plan.tests is None:
        return Conclusion(verdict=None, reason=f"stage {turn.place.stage} has no test strategy")
    await run.step(
        "tell run_tests", lambda: tell_step(outside, turn, "run_tests"), returns=None, retry=outside.patience.retry
    )
    tests = await run.step(
        "read tests", lambda: _read_tests(outside, turn, plan), returns=TestScript, retry=outside.patience.retry
    )
    window = None
    for check in (Check.HEALTH, _CHECK_OF[plan.tests]):
        result = await _carry_out(run, outside, _request(outside, turn, plan, tests, check), plan.release.id)
        failed = failure_of(check, result)
        if failed or check is not Check.HEALTH:
            await run.step(
                f"tell {check}",
                partial(_tell, outside, turn, plan, result, failed),
                returns=None,
                retry=outside.patience.retry,
            )
        if failed:
            return Conclusion(verdict=Verdict.FAIL, reason=failed)
        window = result.window
    if window is None:
        raise StageTroubleError(f"no check was carried out in {turn.place}")
    return window


def failure_of(check: Check, result: CheckResult) -> str:
    """Why *check* failed, in one sentence; empty when it passed."""
    if result.failure_ratio <= MOST_FAILURES[check]:
        return ""
    allowed = f"at most {MOST_FAILURES[check]:.0%} may" if MOST_FAILURES[check] else "none may"
    return f"{check.value} check: {_failed(result)}, {allowed}{_why(result)}"


def tolerated(result: CheckResult) -> str:
    """What went wrong in a check that passed all the same; empty when nothing did."""
    return f"{_failed(result)}, which is let pass{_why(result)}" if result.failures else ""


def _failed(result: CheckResult) -> str:
    return f"{result.failures} of {result.requests} requests failed"


def _why(result: CheckResult) -> str:
    return f": {'; '.join(result.errors)}" if result.errors else ""


async def _read_tests(outside: Outside, turn: StageRun, plan: Plan) -> TestScript:
    return read_tests(turn.place.service, await service_files(outside, turn.place, plan.revision))


def _request(outside: Outside, turn: StageRun, plan: Plan, tests: TestScript, check: Check) -> CheckRequest:
    return CheckRequest(
        run=turn.id,
        check=check,
        place=turn.place,
        script=tests.script,
        host=hosts_of(turn.place, outside.ingress)[0],
        through_gateway=plan.shape.http,
        load=tests.load,
        fence=turn.token,
        health_path=tests.health_path or plan.shape.health_path,
    )


async def _carry_out(run: Run, outside: Outside, request: CheckRequest, release: str) -> CheckResult:
    """Raises StageTroubleError when the check could not be carried out, or sent no request at all."""
    check, patience = request.check, outside.patience

    async def over() -> CheckResult | CheckTrouble | None:
        ended = await outside.tester.outcome(request)
        if isinstance(ended, CheckResult) and ended.failures:
            return await with_restarts(outside, request.place, release, ended)
        return ended

    await run.step(f"start {check}", lambda: outside.tester.start(request), returns=None, retry=patience.retry)
    outcome = await run.wait_for(
        f"until {check} is over",
        over,
        CheckResult | CheckTrouble,
        every=patience.poll,
        within=request.load.seconds + patience.test_slack,
    )
    match outcome:
        case CheckResult() if outcome.requests:
            return outcome
        case CheckResult():
            raise StageTroubleError(f"{check.value} check sent no request, so nothing was tested: mend its Locust file")
        case CheckTrouble(reason):
            raise StageTroubleError(f"{check.value} check could not be carried out: {reason}")
        case _:
            raise StageTroubleError(
                f"{check.value} check was not over {patience.test_slack:g} s after its {request.load.seconds} s"
            )


async def _tell(outside: Outside, turn: StageRun, plan: Plan, result: CheckResult, failed: str) -> None:
    data = {
        **stage_fields(turn, plan.strategy, plan.tests),
        "startedat": rfc3339(result.window.start),
        "endedat": rfc3339(result.window.end),
        "result": "fail" if failed else "pass",
        "reason": failed or tolerated(result),
        "requests": result.requests,
        "failures": result.failures,
        "averagems": result.average_ms,
    }
    await tell(outside, turn, "run_tests", EventType.TESTS_FINISHED, data)
