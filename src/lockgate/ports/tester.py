"""Exercise what is deployed."""

from typing import Protocol

from lockgate.domain.testing import CheckRequest, CheckResult, CheckTrouble


class Tester(Protocol):
    async def start(self, request: CheckRequest) -> None:
        """Start the check. Safe to repeat: the same run and check start once."""
        ...

    async def outcome(self, request: CheckRequest) -> CheckResult | CheckTrouble | None:
        """None while it is still running. Judges nothing."""
        ...
