"""The demo with its gate on Dynatrace, as a user starts it: a stand-in answers."""

from pathlib import Path

import pytest
from tests.system.test_system_demo import shown_in
from tests.system.user import processes_about

pytestmark = pytest.mark.timeout(500)


def test_the_whole_story_is_told_on_a_stand_in_for_dynatrace_that_says_so(tmp_path: Path) -> None:
    shown = shown_in(tmp_path, "--monitoring=dynatrace", "--test-seconds=8")
    assert shown.code == 0, shown.printed[-8000:]
    assert "NOT AS EXPECTED" not in shown.printed
    assert "a stand-in for Dynatrace, not Dynatrace" in shown.printed
    told = [line.split()[:3] for line in shown.printed.partition("What happened")[2].splitlines()]
    for journey in (
        ["0.6.1_dynatrace", "staging", "fail"],
        ["0.6.2_dynatrace", "staging", "pass"],
        ["0.6.2_dynatrace", "production", "not"],
    ):
        assert journey in told, shown.printed[-8000:]
    assert processes_about(tmp_path) == []
