"""A check that failed names what happened to the pods meanwhile."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lockgate.delivery.restarts import endings
from lockgate.domain.delivery import Outcome
from lockgate.domain.errors import PermanentError
from lockgate.domain.event import EventType
from lockgate.domain.testing import Check
from lockgate.testers.memory import Tally
from lockgate.testing.world import World

NOON = datetime(2026, 1, 1, 12, 0, 0, 400_000, tzinfo=UTC)
KILLED = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-01-01T12:00:03Z"}


def pod(release: str = "r1", start: str = "2026-01-01T11:59:00Z", **container: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": "carts-1", "namespace": "sockshop-dev", "labels": {"lockgate.dev/release": release}},
        "status": {"startTime": start, "containerStatuses": [container]},
    }


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (pod(restartCount=0, state={"running": {}}, lastState={}), ()),
        (pod(start="2026-01-01T12:00:00Z", state={"running": {}}), ()),
        (
            pod(restartCount=2, state={"running": {}}, lastState={"terminated": KILLED}),
            ("pod carts-1 was restarted 2 times: OOMKilled, exit code 137 at 2026-01-01T12:00:03Z",),
        ),
        (
            pod(restartCount=0, state={"terminated": {"exitCode": 1}}),
            ("pod carts-1 ended: exit code 1",),
        ),
        (
            pod(start="2026-01-01T12:00:05Z", state={"running": {}}),
            ("pod carts-1 was started at 2026-01-01T12:00:05Z, during the check",),
        ),
    ],
)
def test_what_happened_to_a_pod_is_told_with_the_platforms_reason(found: dict[str, Any], told: tuple[str, ...]) -> None:
    assert endings([found], NOON) == told


async def test_a_check_with_failed_requests_names_the_restart_and_one_without_does_not() -> None:
    quiet = World()
    await quiet.create()
    known = await quiet.deliver("1.0", id="e1")  # ids are derived: another world gives this artifact the same release
    (release,) = {
        event.data["release"]
        for event in await quiet.events(known.id)
        if event.type == EventType.DEPLOYMENT_FINISHED and event.data["stage"] == "dev" and "fixed" not in event.data
    }
    world = World()
    await world.create()
    world.cluster.place(
        pod(release, "2025-12-31T23:59:00Z", restartCount=1, state={"running": {}}, lastState={"terminated": KILLED})
    )
    world.tester.script[None, Check.FUNCTIONAL] = Tally(requests=10, failures=4, errors=("GET /: reset",))
    delivery = await world.deliver("1.0", id="e1")
    assert delivery.outcome is Outcome.REJECTED
    assert delivery.reason.endswith(
        "4 of 10 requests failed, none may: GET /: reset; "
        "pod carts-1 was restarted 1 time: OOMKilled, exit code 137 at 2026-01-01T12:00:03Z"
    )
    (told,) = [event for event in await world.events(delivery.id) if event.type == EventType.TESTS_FINISHED]
    assert "OOMKilled" in told.data["reason"]


async def test_a_check_that_failed_is_judged_although_its_pods_cannot_be_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    await world.create()
    world.tester.script[(world.place("dev").stage, Check.FUNCTIONAL)] = Tally(requests=2, failures=1, errors=("boom",))

    async def refused(*_: Any) -> None:
        raise PermanentError("pods is forbidden")

    monkeypatch.setattr(world.cluster, "select", refused)
    delivery = await world.deliver("1.0")
    assert delivery.outcome is Outcome.REJECTED
    assert "boom" in delivery.reason


async def test_a_pod_with_an_unreadable_time_takes_nothing_from_the_result_of_a_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    await world.create()
    world.tester.script[None, Check.HEALTH] = Tally(requests=1, failures=1, errors=("1 × GET /: boom",))

    async def strange(*_: Any) -> tuple[dict[str, Any], ...]:
        return (pod(start="soon"),)

    monkeypatch.setattr(world.cluster, "select", strange)
    delivery = await world.deliver("1.0")
    assert delivery.outcome is Outcome.REJECTED
    assert "boom" in delivery.reason


async def test_a_load_that_passes_with_failed_requests_says_so() -> None:
    world = World()
    await world.create()
    world.tester.script[None, Check.PERFORMANCE] = Tally(requests=100, failures=7, errors=("7 × GET /: reset",))
    delivery = await world.deliver("1.0")
    assert delivery.outcome is Outcome.PROMOTED
    told = [event.data for event in await world.events(delivery.id) if event.type == EventType.TESTS_FINISHED]
    assert [(data["result"], data["reason"]) for data in told] == [
        ("pass", ""),
        ("pass", "7 of 100 requests failed, which is let pass: 7 × GET /: reset"),
    ]
