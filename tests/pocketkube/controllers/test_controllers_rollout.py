from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketkube.controllers.progress import Counts, deployment_status, seconds_to_deadline
from pocketkube.controllers.rollout import Generation, Limits, next_sizes, recreate_sizes

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wanted", "strategy", "limits"),
    [
        (1, {}, Limits(1, 1, 0)),
        (1, {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}, Limits(1, 1, 0)),
        (10, {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}, Limits(10, 3, 2)),
        (4, {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 2}}, Limits(4, 0, 2)),
        (4, {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}, Limits(4, 0, 1)),
        (4, {"type": "Recreate"}, Limits(4, 0, 0)),
    ],
)
def test_shares_of_surge_are_rounded_up_and_of_unavailable_down(
    wanted: int, strategy: dict[str, Any], limits: Limits
) -> None:
    assert Limits.of(wanted, strategy) == limits


def test_a_share_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="'many'"):
        Limits.of(1, {"rollingUpdate": {"maxSurge": "many"}})


def test_the_old_one_stays_until_the_new_one_is_available() -> None:
    limits = Limits(1, 1, 0)
    assert next_sizes(limits, Generation("new", 0, 0), [Generation("old", 1, 1)]) == {"new": 1, "old": 1}
    assert next_sizes(limits, Generation("new", 1, 0), [Generation("old", 1, 1)]) == {"new": 1, "old": 1}
    assert next_sizes(limits, Generation("new", 1, 1), [Generation("old", 1, 1)]) == {"new": 1, "old": 0}


def test_what_is_not_available_goes_first() -> None:
    old = [Generation("good", 2, 2), Generation("broken", 1, 0)]
    assert next_sizes(Limits(2, 1, 0), Generation("new", 0, 0), old) == {"new": 0, "good": 2, "broken": 0}


def test_scaling_down_needs_no_patience() -> None:
    assert next_sizes(Limits(1, 1, 0), Generation("new", 3, 3), []) == {"new": 1}


def test_recreate_starts_the_new_one_when_no_old_pod_is_left() -> None:
    old = [Generation("old", 2, 2)]
    assert recreate_sizes(2, Generation("new", 0, 0), old, old_pods=1) == {"new": 0, "old": 0}
    assert recreate_sizes(2, Generation("new", 0, 0), old, old_pods=0) == {"new": 2, "old": 0}


@st.composite
def rollouts(draw: st.DrawFn) -> tuple[Limits, list[Generation]]:
    wanted = draw(st.integers(0, 6))
    surge, unavailable = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(any))
    sizes = draw(st.lists(st.integers(0, 6), min_size=1, max_size=4))
    old = [Generation(f"g{number}", size, draw(st.integers(0, size))) for number, size in enumerate(sizes)]
    return Limits(wanted, surge, unavailable), old


@given(rollouts())
def test_no_step_takes_an_available_pod_below_the_least_and_none_exceeds_the_most(
    rollout: tuple[Limits, list[Generation]],
) -> None:
    limits, (new, *old) = rollout
    sizes = next_sizes(limits, new, old)
    generations = [new, *old]
    before = sum(each.available for each in generations)
    # The worst case: a generation that shrinks loses its available pods last, as the replica set does.
    after = sum(min(each.available, sizes[each.name]) for each in generations)
    assert after >= min(before, limits.wanted - limits.unavailable)
    total = sum(each.replicas for each in generations)
    assert sum(sizes.values()) <= max(total, limits.wanted + limits.surge)
    assert all(sizes[each.name] <= each.replicas for each in old)


@given(rollouts())
def test_step_by_step_only_the_new_generation_is_left(rollout: tuple[Limits, list[Generation]]) -> None:
    limits, (new, *old) = rollout
    for _ in range(60):
        sizes = next_sizes(limits, new, old)
        new = Generation(new.name, sizes[new.name], sizes[new.name])  # All of it becomes available in time.
        old = [Generation(each.name, sizes[each.name], min(each.available, sizes[each.name])) for each in old]
    assert new.replicas == limits.wanted
    assert [each.replicas for each in old] == [0] * len(old)


def status_of(counts: Counts, news: str = "", before: dict[str, Any] | None = None, later: int = 0) -> dict[str, Any]:
    deployment = {"metadata": {"generation": 2}, "spec": {"progressDeadlineSeconds": 60}, "status": before or {}}
    return deployment_status(deployment, counts, Limits(2, 1, 0), news, NOW + timedelta(seconds=later))


def reason(status: dict[str, Any], kind: str = "Progressing") -> tuple[str, str]:
    (condition,) = (each for each in status["conditions"] if each["type"] == kind)
    return condition["status"], condition["reason"]


STARTING = Counts(replicas=1, updated=1, ready=0, available=0, updated_available=0, current="carts-1")
DONE = Counts(replicas=2, updated=2, ready=2, available=2, updated_available=2, current="carts-1")


def test_a_rollout_is_announced_goes_on_and_is_done() -> None:
    begun = status_of(STARTING, "NewReplicaSetCreated")
    assert reason(begun) == ("True", "NewReplicaSetCreated")
    assert reason(begun, "Available") == ("False", "MinimumReplicasUnavailable")
    done = status_of(DONE, before=begun, later=5)
    assert reason(done) == ("True", "NewReplicaSetAvailable")
    assert reason(done, "Available") == ("True", "MinimumReplicasAvailable")
    assert done["observedGeneration"] == 2


def test_a_rollout_without_progress_until_the_deadline_has_failed() -> None:
    begun = status_of(STARTING, "NewReplicaSetCreated")
    assert reason(status_of(STARTING, before=begun, later=59)) == ("True", "NewReplicaSetCreated")
    late = status_of(STARTING, before=begun, later=62)
    assert reason(late) == ("False", "ProgressDeadlineExceeded")
    assert reason(status_of(STARTING, before=late, later=90)) == ("False", "ProgressDeadlineExceeded")
    assert reason(status_of(DONE, before=late, later=91)) == ("True", "NewReplicaSetAvailable")


def test_progress_moves_the_deadline() -> None:
    begun = status_of(STARTING, "NewReplicaSetCreated")
    further = status_of(Counts(1, 1, 1, 1, 1, "carts-1"), before=begun, later=50)
    assert reason(further) == ("True", "ReplicaSetUpdated")
    deployment = {"metadata": {}, "spec": {"progressDeadlineSeconds": 60}}
    assert seconds_to_deadline(deployment, further, NOW + timedelta(seconds=50)) == 61.0


def test_a_pod_that_dies_later_makes_a_finished_rollout_unavailable_but_not_unfinished() -> None:
    done = status_of(DONE, before=status_of(STARTING, "NewReplicaSetCreated"))
    poorer = status_of(Counts(2, 2, 0, 0, 0, "carts-1"), before=done, later=300)
    assert reason(poorer) == ("True", "NewReplicaSetAvailable")
    assert reason(poorer, "Available") == ("False", "MinimumReplicasUnavailable")


def test_a_condition_keeps_its_time_as_long_as_its_status() -> None:
    done = status_of(DONE, before=status_of(STARTING, "NewReplicaSetCreated"), later=7)
    again = status_of(DONE, before=done, later=500)
    assert again["conditions"] == done["conditions"]
