"""Two artifacts of one service at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from tests.system import own_program
from tests.system.own_program import FAST, FAST_TOO, SERVICE
from tests.system.user import User

from lockgate.kit.clock import parse_rfc3339

PROJECT = "twins"
SHIPYARD = """\
stages:
  - name: qa
    deployment_strategy: blue_green_service
    test_strategy: performance
  - name: prod
    deployment_strategy: blue_green_service
"""


@pytest.mark.timeout(400)
def test_two_artifacts_sent_at_once_take_turns_in_each_lane_and_both_arrive(user: User) -> None:
    own_program.bring_in(user, PROJECT, SHIPYARD)
    with ThreadPoolExecutor(2) as at_once:
        sent = list(at_once.map(lambda image: user.send(PROJECT, SERVICE, image), (FAST, FAST_TOO)))
    deliveries = [user.ended(id_) for id_ in sent]

    assert [each["outcome"] for each in deliveries] == ["promoted", "promoted"]
    last = set()
    for stage in ("qa", "prod"):
        runs = [run for delivery in deliveries for run in delivery["runs"] if run["stage"] == stage]
        turns = sorted(runs, key=lambda run: str(run["started_at"]))
        assert len(turns) == 2
        assert all(parse_rfc3339(a["finished_at"]) <= parse_rfc3339(b["started_at"]) for a, b in pairwise(turns))
        last.add(turns[-1]["tag"])
    assert len(last) == 1  # who came first was first everywhere
    assert user.disagreements(PROJECT) == []
