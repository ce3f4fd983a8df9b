"""The board and the lines of a delivery, from its events alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from lockgate.cli.board import Board
from lockgate.cli.marks import ASCII, UNICODE, marks_for
from lockgate.cli.output import number, printable, table
from lockgate.cli.progress import describe

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
STAGES = ("dev", "staging", "production")


def event(type_: str, second: float, stage: str, **data: Any) -> dict[str, Any]:
    moment = (START + timedelta(seconds=second)).isoformat()
    return {"type": type_, "time": moment, "data": {"stage": stage, "service": "carts", **data}}


def drawn(events: list[dict[str, Any]], second: float) -> list[str]:
    board = Board("carts 1.0 in project shop", STAGES, START)
    for each in events:
        board.take(each)
    console = Console(width=200, record=True, file=None, no_color=True, force_terminal=False)
    with console.capture() as captured:
        console.print(board.render(START + timedelta(seconds=second), UNICODE))
    return [" ".join(line.split()) for line in captured.get().splitlines()]


def test_a_stage_that_was_not_reached_waits() -> None:
    assert drawn([], 0)[2:] == ["dev · · ·", "staging · · ·", "production · · ·"]


def test_a_task_that_runs_counts_its_seconds_and_one_that_ended_keeps_them() -> None:
    events = [
        event("sh.lockgate.events.step-started", 1, "dev", task="deploy"),
        event("sh.keptn.events.deployment-finished", 5, "dev"),
        event("sh.lockgate.events.step-started", 5, "dev", task="run_tests"),
    ]
    assert drawn(events, 12)[0] == "carts 1.0 in project shop 12 s"
    assert drawn(events, 12)[2] == "dev ✔ 4 s … 7 s ·"


def test_failed_tests_and_a_refusal_are_marked_with_their_reason_and_the_way_back() -> None:
    events = [
        event("sh.lockgate.events.step-started", 1, "staging", task="run_tests"),
        event("sh.keptn.events.tests-finished", 9, "staging", result="fail"),
        event(
            "sh.keptn.events.evaluation-done",
            10,
            "staging",
            evaluationpassed=False,
            evaluationdetails={"result": "fail", "reason": "5 of 100 requests failed"},
        ),
        event("sh.lockgate.events.rollback-finished", 12, "staging", restored="carts:0.9"),
    ]
    assert drawn(events, 20)[3] == "staging · ✖ 8 s ✖ 0 s fail 5 of 100 requests failed ↺ back to carts:0.9"


def test_where_there_was_nothing_to_go_back_to_the_board_says_what_was_done() -> None:
    gone = event("sh.lockgate.events.rollback-finished", 12, "dev", restored="", note="routes were removed")
    assert drawn([gone], 20)[2] == "dev · · · ↺ routes were removed"


def test_a_task_that_was_under_way_when_its_stage_ended_badly_is_marked_bad() -> None:
    ended = event("sh.lockgate.events.stage-finished", 4, "dev", outcome="errored", verdict="error", reason="no image")
    events = [event("sh.lockgate.events.step-started", 1, "dev", task="deploy"), ended]
    assert drawn(events, 20)[2] == "dev ✖ 3 s · · error no image"


def test_a_service_that_a_stage_needs_stands_below_that_stage() -> None:
    events = [{**event("sh.lockgate.events.step-started", 1, "dev", task="deploy", fixed=True)}]
    assert [line.split()[0] for line in drawn(events, 2)[2:]] == ["dev", "dev/carts", "staging", "production"]


def test_what_a_stage_waits_for_is_shown_until_it_goes_on() -> None:
    waits = event("sh.lockgate.events.waiting", 1, "dev", waitingfor="carts in dev is taken by delivery d1 (1.0)")
    turn = event("sh.lockgate.events.stage-started", 2, "dev")
    assert any("waiting: carts in dev is taken by delivery d1 (1.0)" in line for line in drawn([waits], 1))
    assert not any("waiting:" in line for line in drawn([waits, turn], 3))


def test_the_end_of_the_delivery_stops_the_clock_and_is_said_below() -> None:
    events = [event("sh.lockgate.events.delivery-finished", 30, "dev", outcome="promoted", reason="all the way")]
    lines = drawn(events, 99)
    assert lines[0].endswith(" 30 s")
    assert lines[-1] == "promoted: all the way"


def test_an_event_of_a_type_to_come_is_passed_over() -> None:
    unknown = event("sh.lockgate.events.something-new", 1, "dev")
    assert describe(unknown) == ""
    assert drawn([unknown], 1) == drawn([], 1)


def test_a_line_survives_fields_that_an_older_server_does_not_send() -> None:
    assert describe(event("sh.keptn.events.deployment-finished", 1, "dev")) == (
        "dev         ✔ deploy: None has the traffic"
    )


def test_signs_are_those_that_the_encoding_has() -> None:
    assert marks_for("utf-8") is UNICODE
    assert marks_for("ascii") is ASCII
    assert marks_for(None) is ASCII
    assert marks_for("no-such-encoding") is ASCII


def test_a_table_is_as_wide_as_its_cells_and_counts_wide_characters_twice() -> None:
    assert table(("A", "B"), [("x", 1), ("日本", None)]) == ["A      B", "x      1", "日本"]


def test_numbers_that_json_has_no_form_for_are_shown_as_they_come() -> None:
    assert (number(50.0), number("NaN"), number(None)) == ("50", "NaN", "None")


def test_what_a_terminal_would_obey_is_replaced() -> None:
    assert printable("a\x1b[2Jb\rc\nd\te") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c\nd\te"
