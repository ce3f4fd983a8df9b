"""A tester in memory: every check is over when it is asked about, and ends as scripted (else without a failure)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lockgate.domain.evaluation import Window
from lockgate.domain.names import StageName
from lockgate.domain.testing import Check, CheckRequest, CheckResult, CheckTrouble
from lockgate.kit.clock import Clock

_SHORT = 1.0  # seconds that a health or functional check takes here


@dataclass(frozen=True, slots=True)
class Tally:
    """How a scripted check ends; its window comes from the clock. *errors*: the failures in words."""

    requests: int = 100
    failures: int = 0
    average_ms: float = 20.0
    p95_ms: float = 40.0
    errors: tuple[str, ...] = ()


class MemoryTester:
    """Knobs, to be turned while it runs: *script* says how a check of a stage (or, under None, of any stage) ends;
    checks in *held* keep running. *started* is every check that was started, once each, in order.

    A performance check's window is as long as its load, others' a second, from the moment of the start: whether or
    not the clock moves meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self.script: dict[tuple[StageName | None, Check], Tally | CheckTrouble] = {}
        self.held: set[Check] = set()
        self.started: list[CheckRequest] = []
        self._clock = clock
        self._starts: dict[tuple[str, Check], datetime] = {}

    async def start(self, request: CheckRequest) -> None:
        key = (request.run, request.check)
        if key not in self._starts:
            self._starts[key] = self._clock.now()
            self.started.append(request)

    async def outcome(self, request: CheckRequest) -> CheckResult | CheckTrouble | None:
        start = self._starts.get((request.run, request.check))
        if start is None:
            return CheckTrouble(f"the {request.check} check of {request.place} is not there: it was never started")
        if request.check in self.held:
            return None
        ending = self.script.get((request.place.stage, request.check)) or self.script.get(
            (None, request.check), Tally()
        )
        if isinstance(ending, CheckTrouble):
            return ending
        seconds = request.load.seconds if request.check is Check.PERFORMANCE else _SHORT
        return CheckResult(
            requests=ending.requests,
            failures=ending.failures,
            window=Window(start=start, end=start + timedelta(seconds=seconds)),
            average_ms=ending.average_ms,
            p95_ms=ending.p95_ms,
            errors=ending.errors,
        )
