"""Other names, other stages, a program and a metric of one's own: nothing knows of the demo."""

import pytest
from tests.system import own_program
from tests.system.own_program import SERVICE
from tests.system.user import User

PROJECT = "shop"
SHIPYARD = """\
stages:
  - name: dev
    deployment_strategy: direct
    test_strategy: functional
  - name: qa
    deployment_strategy: blue_green_service
    test_strategy: performance
  - name: staging
    deployment_strategy: blue_green_service
  - name: prod
    deployment_strategy: blue_green_service
"""


@pytest.mark.timeout(400)
def test_a_program_of_ones_own_goes_through_four_stages_and_its_slow_version_is_refused(user: User) -> None:
    own_program.bring_in(user, PROJECT, SHIPYARD)
    sent = [user.send(PROJECT, SERVICE, image) for image in (own_program.FAST, own_program.SLOW)]
    quick, slow = map(user.ended, sent)

    assert (quick["outcome"], slow["outcome"]) == ("promoted", "rejected"), (quick["reason"], slow["reason"])
    assert [run["stage"] for run in quick["runs"]] == ["dev", "qa", "staging", "prod"]
    assert [run["stage"] for run in slow["runs"]] == ["dev", "qa"]
    assert [each["verdict"] for each in (*quick["evaluations"], *slow["evaluations"])] == ["pass", "fail"]
    assert "upperSevere" in slow["reason"]
    assert user.answer(SERVICE, f"{PROJECT}-dev") == "sluggish"  # it passed there, and failed later
    for stage in ("qa", "staging", "prod"):
        assert user.answer(SERVICE, f"{PROJECT}-{stage}") == "quick"
    assert user.disagreements(PROJECT) == []
