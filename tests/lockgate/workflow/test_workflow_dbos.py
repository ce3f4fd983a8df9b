"""What the engine on DBOS has beyond the contract: it shares its process and its loop with others."""

import asyncio
import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy
from dbos import DBOS

from lockgate.kit.clock import SystemClock
from lockgate.testing.contracts.bench import Cold, Warm, eventually
from lockgate.workflow.dbos import DbosEngine
from lockgate.workflow.dbos_setup import APPLICATION_VERSION
from lockgate.workflow.protocol import Run, StepFailedError


def at(folder: Path) -> str:
    return f"sqlite:///{folder}/lockgate.db"


async def test_threads_of_the_loop_work_before_during_and_after(tmp_path: Path) -> None:
    engine = DbosEngine(at(tmp_path), SystemClock())
    done: list[int] = []

    async def story(run: Run, argument: str) -> None:
        async def threaded() -> int:
            return await asyncio.to_thread(lambda: 2)

        done.append(await run.step("threaded", threaded, int))

    engine.register("story", story)
    assert await asyncio.to_thread(lambda: 1) == 1
    await engine.launch()
    await engine.start("story", "1", "")
    await eventually(lambda: done == [2])
    await engine.close()
    assert await asyncio.to_thread(lambda: 3) == 3


async def test_a_second_engine_in_the_process_is_refused_and_leaves_the_first_alone(tmp_path: Path) -> None:
    first, second = DbosEngine(at(tmp_path), SystemClock()), DbosEngine(at(tmp_path), SystemClock())
    done: list[str] = []

    async def story(run: Run, argument: str) -> None:
        done.append(argument)

    first.register("story", story)
    await first.launch()
    with pytest.raises(RuntimeError, match="close that one first"):
        await second.launch()
    await second.close()
    await first.start("story", "1", "still there")
    await eventually(lambda: done == ["still there"])
    await first.close()


async def test_a_launch_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    broken = DbosEngine(f"sqlite:///{tmp_path}/no/such/folder/lockgate.db", SystemClock())
    with pytest.raises(sqlalchemy.exc.OperationalError):
        await broken.launch()
    engine = DbosEngine(at(tmp_path), SystemClock())
    await engine.launch()
    await engine.close()


async def test_a_run_of_a_workflow_that_this_release_does_not_know_waits_for_one_that_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []
    gate = asyncio.Event()

    async def story(run: Run, argument: str) -> None:
        await gate.wait()
        done.append(argument)

    knowing = DbosEngine(at(tmp_path), SystemClock())
    knowing.register("story", story)
    await knowing.launch()
    await knowing.start("story", "1", "argument")
    await knowing.close()
    stranger = DbosEngine(at(tmp_path), SystemClock())
    await stranger.launch()
    await eventually(lambda: "waits for a release that knows it: this release has no workflow 'story'" in caplog.text)
    await stranger.close()
    gate.set()
    knowing = DbosEngine(at(tmp_path), SystemClock())
    knowing.register("story", story)
    await knowing.launch()
    await eventually(lambda: done == ["argument"])
    await knowing.close()


async def test_the_journal_is_json_in_a_file_that_survives_a_power_loss(tmp_path: Path) -> None:
    engine = DbosEngine(at(tmp_path), SystemClock())
    done: list[int] = []

    async def story(run: Run, argument: str) -> None:
        async def five() -> int:
            return 5

        done.append(await run.step("five", five, int))

    engine.register("story", story)
    await engine.launch()
    await engine.start("story", "1", "hello")
    await eventually(lambda: done == [5])
    await engine.close()
    with sqlalchemy.create_engine(at(tmp_path)).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        step = connection.exec_driver_sql("SELECT output FROM operation_outputs WHERE function_name = 'five'").scalar()
        version = connection.exec_driver_sql("SELECT DISTINCT application_version FROM workflow_status").scalar()
    assert step == '"{\\"value\\":5}"'
    assert version == APPLICATION_VERSION


async def test_what_is_recorded_keeps_its_names_and_its_form_over_releases(tmp_path: Path) -> None:
    """When this fails, no run under way could go on after the upgrade: docs/how-to/change-the-story.md."""
    engine = DbosEngine(at(tmp_path), SystemClock())
    over: list[bool] = []

    async def story(run: Run, argument: str) -> None:
        async def warm() -> Warm | Cold:
            return Warm("w", float("inf"))

        async def breaks() -> None:
            raise KeyError("quota")

        await run.step("warm", warm, Warm | Cold)
        with suppress(StepFailedError):
            await run.step("break", breaks, None)
        await run.patched("a change")
        await run.sleep("rest", 0.01)
        await run.wait_for("until warm", warm, Warm | Cold, every=1, within=60)
        over.append(True)

    engine.register("story", story)
    await engine.launch()
    await engine.start("story", "1", "argument")
    await eventually(lambda: bool(over))
    steps = await DBOS.list_workflow_steps_async("1")
    await engine.close()
    names = [step["function_name"] for step in steps]
    assert names == ["warm", "break", "DBOS.patch-a change", "DBOS.sleep", "until warm/until", "until warm/1"]
    assert steps[0]["output"] == '{"value":{"is":"Warm","value":{"note":"w","level":Infinity}}}'
    assert steps[1]["output"] == '{"error": "KeyError", "message": "\'quota\'"}'
    assert steps[5]["output"] == '{"value":[true,{"is":"Warm","value":{"note":"w","level":Infinity}}]}'
    assert datetime.fromisoformat(json.loads(str(steps[4]["output"]))["value"]).tzinfo is not None
