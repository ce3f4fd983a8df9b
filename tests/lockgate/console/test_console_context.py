"""What a page says, from what happened."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lockgate.console.context import StageBox, TaskLine
from lockgate.console.delivery_page import delivery_page
from lockgate.console.gates import gate_box, score_text
from lockgate.domain.evaluation import Sample, Violation
from lockgate.domain.testing import Check, CheckTrouble
from lockgate.evaluation.criteria import key_of
from lockgate.testing.contracts.evaluations import an_evaluation


async def stages_of(console: Any, delivery: str) -> dict[str, StageBox]:
    page = delivery_page(await console.journey(delivery), console.world.clock.now())
    return {stage.name: stage for stage in page.stages}


def states(stage: StageBox) -> dict[str, str]:
    return {task.name: task.state for task in stage.tasks}


def task(stage: StageBox, name: str) -> TaskLine:
    return next(line for line in stage.tasks if line.name == name)


async def test_before_its_turn_a_delivery_waits_in_the_first_stage(console: Any) -> None:
    stages = await stages_of(console, (await console.world.send("0.6.2")).id)
    assert [stage.state for stage in stages.values()] == ["waiting", "ahead", "ahead"]
    assert set(states(stages["dev"]).values()) == {"waiting"}
    assert stages["dev"].lapse is None


async def test_a_promoted_delivery_shows_each_task_done_and_what_was_passed_over(console: Any) -> None:
    stages = await stages_of(console, (await console.world.deliver("0.6.2")).id)
    done = {"deploy": "done", "run_tests": "done", "evaluation_done": "done"}
    assert states(stages["dev"]) == states(stages["staging"]) == done
    assert states(stages["production"]) == {"deploy": "done", "run_tests": "skipped", "evaluation_done": "skipped"}
    assert stages["production"].verdict == "not evaluated" and "test strategy" in stages["production"].reason
    assert stages["staging"].strategies == "blue_green_service, performance"
    assert stages["staging"].score == "100 of 100 points"


async def test_a_refusal_shows_the_gate_failed_and_the_way_back(console: Any) -> None:
    stages = await stages_of(console, (await console.world.deliver("0.6.1")).id)
    assert states(stages["staging"]) == {
        "deploy": "done",
        "run_tests": "done",
        "evaluation_done": "failed",
        "rollback": "done",
    }
    assert stages["staging"].state == "rejected" and stages["production"].state == "unreached"
    assert stages["production"].tasks == ()
    assert "0.6.0" in task(stages["staging"], "rollback").says
    assert task(stages["staging"], "evaluation_done").says == ""  # the stage says its reason once
    assert "upperSevere" in stages["staging"].reason


def test_a_score_in_percent_is_shown_in_percent() -> None:
    whole = an_evaluation("ev1")
    assert score_text(whole) == "12.5 of 100 points"
    assert score_text(replace(whole, in_percent=True)) == "12.5 %"


@pytest.mark.parametrize(
    ("timestamp", "shown"), [(1.5, "00:00:01"), (1795455010000, "1795455010000 s"), (-1e18, "-1e+18 s")]
)
def test_a_value_dated_beyond_the_calendar_does_not_break_the_page(timestamp: float, shown: str) -> None:
    box = gate_box(an_evaluation("ev1", (Sample({"pod": "carts-1"}, 1.25, timestamp),)))
    assert [line.at for line in box.indicators[0].judged] == [shown]


def test_of_thousands_of_series_a_page_shows_the_broken_ones_and_counts_the_rest() -> None:
    many = tuple(Sample({"pod": f"p{index}"}, 1.0, 1.0) for index in range(5000))
    whole = an_evaluation("ev1", many)
    slow = Violation("upperSevere", key_of(many[-1]), 1.0, 1.0)
    box = gate_box(replace(whole, indicators=(replace(whole.indicators[0], violations=(slow,)),))).indicators[0]
    assert (len(box.judged), box.judged[0].labels, box.judged[0].note) == (200, '{pod="p4999"}', "upperSevere")
    assert box.notes[-1].startswith("4800 more series were judged: lockgate explain")
    assert gate_box(an_evaluation("ev2", many[:200])).indicators[0].notes == ()


async def test_trouble_in_a_task_shows_that_task_failed(console: Any) -> None:
    console.world.tester.script[None, Check.PERFORMANCE] = CheckTrouble("its image does not start")
    stages = await stages_of(console, (await console.world.deliver("0.6.2")).id)
    assert states(stages["staging"])["run_tests"] == "failed"
    assert states(stages["staging"])["deploy"] == "done"
    assert stages["staging"].state == "errored"
    assert "its image does not start" in stages["staging"].reason


async def test_a_database_is_shown_where_it_was_settled(console: Any) -> None:
    [first] = await console.world.store.listing()
    stages = await stages_of(console, first.id)
    for stage in stages.values():
        assert [(line.name, line.state) for line in stage.settled] == [("carts-db latest", "done")]
        assert "carts-db" not in task(stage, "deploy").says


async def test_what_is_under_way_says_since_when(console: Any) -> None:
    delivery = await console.world.send("0.6.2")
    now = console.world.clock.now() + timedelta(seconds=65)
    page = delivery_page(await console.journey(delivery.id), now)
    assert page.lapse.text == "1 min 05 s" and page.lapse.since.endswith("Z")
    done = await console.world.store.delivery((await console.world.deliver("0.6.3")).id)
    assert delivery_page(await console.journey(done.id), now).lapse.since == ""


async def test_numbers_that_are_none_are_shown_as_the_texts_of_prometheus(console: Any) -> None:
    console.world.monitoring.seconds["0.6.1"] = float("nan")
    delivery = await console.world.deliver("0.6.1")
    page = delivery_page(await console.journey(delivery.id), console.world.clock.now())
    [indicator] = page.gates[0].indicators
    assert [line.value for line in (*indicator.judged, *indicator.set_aside)] == ["NaN"]
    assert "NaN" in await console.page(delivery.id)


async def test_every_event_of_the_journey_is_told_in_words(console: Any) -> None:
    delivery = await console.world.deliver("0.6.1")
    page = delivery_page(await console.journey(delivery.id), console.world.clock.now())
    assert len(page.events) == len(await console.world.events(delivery.id))
    assert [event.type for event in page.events if not event.says] == []
    assert page.events
