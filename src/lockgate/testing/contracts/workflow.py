"""What every workflow engine must do. A test class derives from EngineContract and has a fixture `bench`."""

import asyncio
from collections.abc import Callable

from lockgate.testing.contracts.bench import Bench, Cold, PassingError, Warm, eventually, launched
from lockgate.testing.contracts.workflow_changes import EngineChangesContract
from lockgate.testing.contracts.workflow_ends import EngineEndsContract
from lockgate.workflow.protocol import Engine, Retry, Run, StepFailedError, Workflow


class EngineContract(EngineEndsContract, EngineChangesContract):
    async def test_a_run_gets_what_its_steps_returned(self, bench: Bench) -> None:
        seen: list[object] = []

        async def story(run: Run, argument: str) -> None:
            async def warm() -> Warm | Cold:
                return Warm(argument, float("inf"))

            async def nothing() -> None:
                return None

            seen.append(await run.step("warm", warm, Warm | Cold))
            seen.append(await run.step("nothing", nothing, None))
            seen.append(run.id)

        engine = await launched(bench, story=story)
        await engine.start("story", "a/dev/carts/1", "hello")
        await eventually(lambda: len(seen) == 3)
        await engine.close()
        assert seen == [Warm("hello", float("inf")), None, "a/dev/carts/1"]

    async def test_a_recorded_step_is_not_executed_again_and_one_under_way_is(self, bench: Bench) -> None:
        done: list[object] = []
        gate = asyncio.Event()

        async def story(run: Run, argument: str) -> None:
            async def first() -> tuple[Warm | Cold, ...]:
                done.append("first")
                return (Cold("c", 0.5), Warm("w", 1.5))

            async def second() -> None:
                done.append("second begins")
                await gate.wait()

            done.append(await run.step("first", first, tuple[Warm | Cold, ...]))
            await run.step("second", second, None)
            done.append("end")

        engine = await launched(bench, story=story)
        await engine.start("story", "1", "")
        await eventually(lambda: "second begins" in done)
        await engine.close()
        first_life, done[:] = list(done), []
        gate.set()
        engine = await launched(bench, story=story)
        await eventually(lambda: "end" in done)
        await engine.close()
        value = (Cold("c", 0.5), Warm("w", 1.5))
        assert first_life == ["first", value, "second begins"]
        assert done == [value, "second begins", "end"]

    async def test_a_closed_engine_executes_nothing_more(self, bench: Bench) -> None:
        done: list[str] = []
        gate = asyncio.Event()

        async def story(run: Run, argument: str) -> None:
            async def slow() -> None:
                done.append("begins")
                await gate.wait()
                done.append("too late")

            await run.step("slow", slow, None)

        engine = await launched(bench, story=story)
        await engine.start("story", "1", "")
        await eventually(lambda: "begins" in done)
        await engine.close()
        gate.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert done == ["begins"]

    async def test_a_run_started_just_before_the_close_is_executed_by_the_next_engine_only(self, bench: Bench) -> None:
        ended: list[str] = []
        gate = asyncio.Event()

        def story(life: str) -> Workflow:
            async def live(run: Run, argument: str) -> None:
                await gate.wait()
                ended.append(life)

            return live

        engine = await launched(bench, story=story("first"))
        await engine.start("story", "1", "")
        await engine.close()
        gate.set()
        engine = await launched(bench, story=story("second"))
        await eventually(lambda: "second" in ended)
        await engine.close()
        assert ended == ["second"]

    async def test_the_same_id_starts_once(self, bench: Bench) -> None:
        begun: list[str] = []
        gate = asyncio.Event()

        async def story(run: Run, argument: str) -> None:
            begun.append(argument)
            await gate.wait()
            begun.append("end")

        engine = await launched(bench, story=story)
        await asyncio.gather(*(engine.start("story", "1", "x") for _ in range(5)))
        await engine.start("story", "2", "y")
        await eventually(lambda: sorted(begun) == ["x", "y"])
        gate.set()
        await eventually(lambda: begun.count("end") == 2)
        await engine.start("story", "1", "x")
        await engine.start("story", "3", "z")
        await eventually(lambda: begun.count("end") == 3)
        await engine.close()
        assert sorted(begun) == ["end", "end", "end", "x", "y", "z"]

    async def test_only_a_transient_error_is_tried_again_and_only_so_often(self, bench: Bench) -> None:
        calls: list[str] = []
        failures: list[StepFailedError] = []

        async def story(run: Run, argument: str) -> None:
            async def recovers() -> str:
                calls.append("recovers")
                if calls.count("recovers") < 3:
                    raise PassingError("refused")
                return "up"

            async def stays_down() -> None:
                calls.append("down")
                raise PassingError("still refused")

            async def is_wrong() -> None:
                calls.append("wrong")
                raise ValueError("no such field")

            retry = Retry(attempts=4, first=0.01, longest=0.02)
            calls.append(await run.step("recovers", recovers, str, retry))
            for name, effect in (("down", stays_down), ("wrong", is_wrong)):
                try:
                    await run.step(name, effect, None, retry)
                except StepFailedError as error:
                    failures.append(error)

        engine = await launched(bench, story=story)
        await engine.start("story", "1", "")
        await eventually(lambda: len(failures) == 2)
        await engine.close()
        assert calls == ["recovers"] * 3 + ["up"] + ["down"] * 4 + ["wrong"]
        assert [(one.step, one.error, one.message) for one in failures] == [
            ("down", "PassingError", "still refused"),
            ("wrong", "ValueError", "no such field"),
        ]

    async def test_a_step_that_failed_fails_the_same_way_on_replay_without_being_executed(self, bench: Bench) -> None:
        calls: list[str] = []
        failures: list[tuple[str, str, str]] = []
        gate = asyncio.Event()

        async def story(run: Run, argument: str) -> None:
            async def breaks() -> int:
                calls.append("breaks")
                raise KeyError("quota")

            try:
                await run.step("apply", breaks, int)
            except StepFailedError as error:
                failures.append((error.step, error.error, error.message))
            await run.step("hold", gate.wait, bool)
            calls.append("end")

        engine = await launched(bench, story=story)
        await engine.start("story", "1", "")
        await eventually(lambda: len(failures) == 1)
        await engine.close()
        gate.set()
        engine = await launched(bench, story=story)
        await eventually(lambda: "end" in calls)
        await engine.close()
        assert calls == ["breaks", "end"]
        assert failures == [("apply", "KeyError", "'quota'")] * 2

    async def test_waiting_ends_with_the_answer_or_at_its_deadline(self, bench: Bench) -> None:
        seen: list[object] = []

        async def story(run: Run, argument: str) -> None:
            asked: list[int] = []

            async def third_time() -> Warm | Cold | None:
                asked.append(1)
                if len(asked) == 2:
                    raise PassingError("away")
                return Cold("there", 3.0) if len(asked) == 3 else None

            async def never() -> str | None:
                return None

            async def wrong() -> str | None:
                raise ValueError("no such job")

            seen.append(await run.wait_for("third", third_time, Warm | Cold, every=0.01, within=60))
            seen.append(await run.wait_for("never", never, str, every=0.05, within=0.2))
            try:
                await run.wait_for("wrong", wrong, str, every=0.05, within=60)
            except StepFailedError as error:
                seen.append((error.error, error.message))

        engine = await launched(bench, story=story)
        await engine.start("story", "1", "")
        await eventually(lambda: len(seen) == 3)
        await engine.close()
        assert seen == [Cold("there", 3.0), None, ("ValueError", "no such job")]

    async def test_a_run_that_ends_by_an_exception_is_over(self, bench: Bench) -> None:
        begun: list[str] = []

        async def broken(run: Run, argument: str) -> None:
            begun.append("broken")
            await run.step("twice", _nothing, None)
            await run.step("twice", _nothing, None)
            begun.append("past the second step of one name")

        async def fine(run: Run, argument: str) -> None:
            await run.step("nothing", _nothing, None)
            begun.append("fine")

        engine = await launched(bench, broken=broken, fine=fine)
        await engine.start("broken", "1", "")
        await engine.start("fine", "2", "")
        await eventually(lambda: "fine" in begun and _ended(engine, "1"))
        await engine.close()
        engine = await launched(bench, broken=broken, fine=fine)
        await engine.start("broken", "1", "")
        await engine.start("fine", "3", "")
        await eventually(lambda: begun.count("fine") == 2)
        await engine.close()
        assert sorted(begun) == ["broken", "fine", "fine"]

    async def test_a_step_may_start_another_run_which_lives_on_its_own(self, bench: Bench) -> None:
        seen: list[object] = []
        home = asyncio.get_running_loop()

        async def parent(run: Run, argument: str) -> None:
            async def begin() -> None:
                await engine.start("child", "child of " + run.id, "")
                await engine.start("child", "child of " + run.id, "")

            await run.step("begin", begin, None)

        async def child(run: Run, argument: str) -> None:
            async def where() -> bool:
                return asyncio.get_running_loop() is home

            seen.append((run.id, await run.step("where", where, bool), asyncio.get_running_loop() is home))

        engine = await launched(bench, parent=parent, child=child)
        await engine.start("parent", "1", "")
        await eventually(lambda: len(seen) == 1)
        await engine.close()
        assert seen == [("child of 1", True, True)]

    async def test_what_cannot_start_says_why(self, bench: Bench) -> None:
        async def story(run: Run, argument: str) -> None: ...

        engine = bench.engine()
        engine.register("story", story)
        assert "registered already" in await _refusal(lambda: engine.register("story", story))
        assert "launched" in await _refusal(lambda: engine.start("story", "1", ""))
        await engine.launch()
        assert "there is story" in await _refusal(lambda: engine.start("stroy", "1", ""))
        assert "before" in await _refusal(lambda: engine.register("late", story))
        await engine.close()
        assert "closed" in await _refusal(lambda: engine.start("story", "1", ""))


async def _nothing() -> None:
    return None


async def _refusal(call: Callable[[], object]) -> str:
    try:
        result = call()
        if asyncio.iscoroutine(result):
            await result
    except (LookupError, RuntimeError, ValueError) as error:
        return str(error)
    raise AssertionError("nothing was refused")


def _ended(engine: Engine, run: str) -> bool:
    return run in getattr(engine, "failures", {})
