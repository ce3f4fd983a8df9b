"""`evaluate` and `evaluation invalidate`."""

import json
from pathlib import Path
from typing import Any

import pytest

from lockgate.testing.world import PERFSPEC

CARTS = ("--project=sockshop", "--service=carts", "--stage=staging")


@pytest.fixture
def gated(shop: Any) -> Any:
    shop.call(shop.world.deliver("0.6.0"))
    shop.call(shop.world.set_gate())
    shop.world.monitoring.seconds = {"0.6.0": 0.05}
    return shop


@pytest.mark.parametrize(
    ("seconds", "code", "verdict"), [(0.05, 0, "pass"), (0.9, 0, "warning"), (2.0, 2, "fail"), (None, 4, "no_data")]
)
def test_a_window_is_judged_and_the_exit_code_is_the_verdicts(
    gated: Any, shell: Any, seconds: float | None, code: int, verdict: str
) -> None:
    gated.world.monitoring.seconds = {} if seconds is None else {"0.6.0": seconds}
    answer = shell.run("evaluate", *CARTS, "--timeframe=5m")
    assert answer.code == code, answer.err
    assert answer.out.startswith(f"Evaluation not stored: {verdict}\n")


def test_a_source_that_is_away_ends_with_5(gated: Any, shell: Any) -> None:
    gated.world.monitoring.away = True
    assert shell.run("evaluate", *CARTS, "--timeframe=5m").code == 5


def test_another_gate_and_a_window_of_ones_own_may_be_given(gated: Any, shell: Any, tmp_path: Path) -> None:
    spec = tmp_path / "strict.json"
    spec.write_text(PERFSPEC.replace("0.8", "0.01"))
    window = ("--start=2026-01-01T10:00:00Z", "--end=2026-01-01T12:00:00+01:00")
    answer = shell.run("evaluate", *CARTS, *window, f"--spec={spec}", "-o", "json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert (told["verdict"], told["spec"]["path"]) == ("warning", str(spec))
    assert told["window"] == {"start": "2026-01-01T10:00:00.000Z", "end": "2026-01-01T11:00:00.000Z"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which window?"),
        (("--timeframe=5m", "--start=2026-01-01T10:00:00Z"), "which window?"),
        (("--start=2026-01-01T10:00:00Z",), "which window?"),
        (("--timeframe=5",), "'5' is no span of time: write 30s, 5m, 2h or 1d"),
        (("--timeframe=999999d",), "'999999d' begins before the year 1"),
        (
            ("--start=0001-01-01T00:00:00+14:00", "--end=2026-01-01T10:00:00Z"),
            "0001-01-01T00:00:00+14:00' is no moment",
        ),
        (("--start=yesterday", "--end=now"), "--start 'yesterday' is no moment"),
        (("--start=2026-01-01T10:00:00Z", "--end=2999-01-01T10:00:00Z"), "--end 2999-01-01T10:00:00Z is still to come"),
    ],
)
def test_a_window_that_is_none_is_refused(gated: Any, shell: Any, words: tuple[str, ...], said: str) -> None:
    answer = shell.run("evaluate", *CARTS, *words)
    assert answer.code == 1
    assert said in answer.err


def test_an_invalidated_evaluation_says_so_and_is_explained_with_it(gated: Any, shell: Any) -> None:
    gated.call(gated.world.deliver("0.6.1"))
    id_ = gated.call(gated.world.evaluation("staging")).id
    answer = shell.run("evaluation", "invalidate", id_, "--reason=load came from somebody else")
    assert (answer.code, answer.out) == (0, f"Evaluation {id_} is no baseline any more: load came from somebody else\n")
    assert "it is no baseline for later runs: load came from somebody else" in shell.run("explain", id_).out


def test_a_reason_that_a_terminal_would_obey_is_refused(gated: Any, shell: Any) -> None:
    answer = shell.run("evaluation", "invalidate", "some", "--reason=load \x1b[2J")
    assert answer.code == 1
    assert "must be one line of at most 500 printable characters" in answer.err


def test_an_evaluation_is_not_invalidated_without_a_reason(shop: Any, shell: Any) -> None:
    answer = shell.run("evaluation", "invalidate", "some", "--reason= ")
    assert (answer.code, answer.err) == (1, "Error: --reason is empty: say why, for those who look at it later\n")


def test_an_unknown_evaluation_ends_with_8(shop: Any, shell: Any) -> None:
    assert shell.run("evaluation", "invalidate", "nope", "--reason=x").code == 8
