"""What every workflow engine must do when the code of a run under way changes. `EngineContract` holds these tests, too.

A `Hand` writes the stories of two releases: what it has carried out is in *done*, and *gate* keeps a run under way.
"""

import asyncio
from typing import Any

from lockgate.testing.contracts.bench import MOST, Bench, Warm, eventually, launched
from lockgate.workflow.protocol import Engine, OtherPastError, Run, Workflow

_PATCH = "greet by name"


class Hand:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.gate = asyncio.Event()

    async def act(self, run: Run, name: str) -> None:
        async def effect() -> None:
            self.done.append(f"{run.id} {name}")

        await run.step(name, effect, None)

    async def hold(self, run: Run) -> None:
        async def effect() -> bool:
            self.done.append(f"{run.id} hold")
            return await self.gate.wait()

        await run.step("hold", effect, bool)

    async def under_way(self, bench: Bench, story: Workflow, *runs: str) -> None:
        """One life of the *runs*, up to their hold."""
        engine = await launched(bench, story=story)
        for run in runs:
            await engine.start("story", run, "")
        await eventually(lambda: all(f"{run} hold" in self.done for run in runs))
        await engine.close()
        self.done.clear()

    async def to_the_end(self, bench: Bench, story: Workflow, *runs: str) -> None:
        """Their last life."""
        self.gate.set()
        engine = await launched(bench, story=story)
        for run in runs:
            await engine.start("story", run, "")
        await eventually(lambda: all(f"{run} end" in self.done for run in runs))
        await engine.close()

    def of(self, run: str) -> list[str]:
        return [step.removeprefix(f"{run} ") for step in self.done if step.startswith(f"{run} ")]


class EngineChangesContract:
    async def test_a_run_recorded_before_a_patch_keeps_to_the_old_branch_and_a_new_run_takes_the_new_one(
        self, bench: Bench
    ) -> None:
        hand = Hand()

        async def before(run: Run, argument: str) -> None:
            await hand.act(run, "first")
            await hand.act(run, "greet")
            await hand.hold(run)
            await hand.act(run, "end")

        async def after(run: Run, argument: str) -> None:
            await hand.act(run, "first")
            if await run.patched(_PATCH):
                await hand.act(run, "ask the name")
                await hand.act(run, "greet by it")
            else:
                await hand.act(run, "greet")
            await hand.hold(run)
            await hand.act(run, "end")

        await hand.under_way(bench, before, "old")
        await hand.under_way(bench, after, "old", "new")
        await hand.to_the_end(bench, after, "old", "new", "newest")
        assert hand.of("old") == ["hold", "end"]
        assert hand.of("new") == ["hold", "end"]
        assert hand.of("newest") == ["first", "ask the name", "greet by it", "hold", "end"]

    async def test_a_run_that_had_not_come_to_the_patch_takes_the_new_branch_in_all_its_lives(
        self, bench: Bench
    ) -> None:
        hand = Hand()
        answers: list[bool] = []

        async def before(run: Run, argument: str) -> None:
            await hand.act(run, "first")
            await hand.hold(run)
            await hand.act(run, "end")

        async def after(run: Run, argument: str) -> None:
            await hand.act(run, "first")
            answers.append(await run.patched(_PATCH))
            if answers[-1]:
                await hand.act(run, "greet")
            await hand.hold(run)
            await hand.act(run, "end")

        async def begins(run: Run, argument: str) -> None:
            await hand.act(run, "first")
            hand.done.append(f"{run.id} hold")
            await asyncio.Event().wait()

        await hand.under_way(bench, begins, "1")
        await hand.under_way(bench, after, "1")
        await hand.to_the_end(bench, after, "1")
        assert answers == [True, True]
        assert hand.of("1") == ["hold", "end"]

    async def test_a_patch_may_be_the_last_or_the_only_thing_of_a_run(self, bench: Bench) -> None:
        answers: list[bool] = []

        async def story(run: Run, argument: str) -> None:
            answers.append(await run.patched(_PATCH))

        engine = await launched(bench, story=story)
        await engine.start("story", "1", "")
        await eventually(lambda: answers == [True])
        await engine.close()

    async def test_a_run_whose_step_has_another_name_now_is_held_until_its_own_release_is_back(
        self, bench: Bench
    ) -> None:
        hand = Hand()

        def story(greeting: str) -> Workflow:
            async def told(run: Run, argument: str) -> None:
                try:
                    await hand.act(run, greeting)
                    await hand.hold(run)
                except Exception:
                    hand.done.append(f"{run.id} put back")
                await hand.act(run, "end")

            return told

        await hand.under_way(bench, story("greet"), "1")
        why = await _held(bench, story("welcome"), "1")
        assert "'greet'" in why and "'welcome'" in why
        assert hand.of("1") == []
        await hand.to_the_end(bench, story("greet"), "1")
        assert hand.of("1") == ["hold", "end"]

    async def test_lives_in_which_a_run_was_held_do_not_wear_it_out(self, bench: Bench) -> None:
        hand = Hand()

        def story(greeting: str) -> Workflow:
            async def told(run: Run, argument: str) -> None:
                await hand.act(run, greeting)
                await hand.hold(run)
                await hand.act(run, "end")

            return told

        await hand.under_way(bench, story("greet"), "1")
        for _ in range(MOST + 1):
            await _held(bench, story("welcome"), "1")
        await hand.to_the_end(bench, story("greet"), "1")
        assert hand.of("1") == ["hold", "end"]

    async def test_a_run_whose_argument_cannot_be_read_now_is_held_until_its_own_release_is_back(
        self, bench: Bench
    ) -> None:
        hand = Hand()

        async def reads_it(run: Run, argument: str) -> None:
            await hand.hold(run)
            await hand.act(run, "end")

        async def cannot(run: Run, argument: str) -> None:
            raise OtherPastError("it is about something else")

        await hand.under_way(bench, reads_it, "1")
        assert await _held(bench, cannot, "1") == "it is about something else"
        await hand.to_the_end(bench, reads_it, "1")
        assert hand.of("1") == ["hold", "end"]

    async def test_a_run_whose_result_cannot_be_read_now_is_held_until_its_own_release_is_back(
        self, bench: Bench
    ) -> None:
        hand = Hand()

        def story(returns: Any, value: object) -> Workflow:
            async def told(run: Run, argument: str) -> None:
                async def measure() -> object:
                    return value

                await run.step("measure", measure, returns)
                await hand.hold(run)
                await hand.act(run, "end")

            return told

        await hand.under_way(bench, story(str, "warm"), "1")
        why = await _held(bench, story(Warm, Warm("warm", 1.0)), "1")
        assert "'measure'" in why
        await hand.to_the_end(bench, story(str, "warm"), "1")
        assert hand.of("1") == ["hold", "end"]


async def _held(bench: Bench, story: Workflow, run: str) -> str:
    """One life in which *run* is held, and why it is."""
    engine = await launched(bench, story=story)
    await eventually(lambda: run in _waiting(engine))
    assert not await engine.is_over(run)
    await engine.close()
    return _waiting(engine)[run]


def _waiting(engine: Engine) -> dict[str, str]:
    return getattr(engine, "held", {})
