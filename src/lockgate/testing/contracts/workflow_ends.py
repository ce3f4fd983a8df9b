"""What every workflow engine must do about the end of a run. `EngineContract` holds these tests, too."""

import asyncio

from lockgate.testing.contracts.bench import MOST, Bench, eventually, launched
from lockgate.workflow.protocol import Run, StepFailedError


class EngineEndsContract:
    async def test_a_run_is_over_when_it_has_ended_and_not_before(self, bench: Bench) -> None:
        gate = asyncio.Event()

        async def story(run: Run, argument: str) -> None:
            await run.step("hold", gate.wait, bool)

        engine = await launched(bench, story=story)
        assert not await engine.is_over("1")
        await engine.start("story", "1", "")
        assert not await engine.is_over("1")
        await engine.close()
        engine = await launched(bench, story=story)
        assert not await engine.is_over("1")
        gate.set()
        async with asyncio.timeout(60):
            while not await engine.is_over("1"):  # noqa: ASYNC110  # an engine tells nobody that a run is over
                await asyncio.sleep(0.01)
        await engine.close()

    async def test_a_run_that_outlives_no_process_fails_the_step_under_way_and_carries_out_the_next(
        self, bench: Bench
    ) -> None:
        begun: list[str] = []
        seen: list[str] = []

        async def story(run: Run, argument: str) -> None:
            async def deadly() -> None:
                begun.append("deadly")
                await asyncio.Event().wait()

            async def put_back() -> str:
                return "put back"

            await run.step("first", _nothing, None)
            try:
                await run.step("deadly", deadly, None)
            except StepFailedError as error:
                seen.append(f"{error.error}: {error.message}")
            seen.append(await run.step("put back", put_back, str))

        for life in range(1, MOST + 1):
            engine = await launched(bench, story=story)
            await engine.start("story", "1", "")
            await eventually(lambda: len(begun) == life)  # noqa: B023  # awaited within this round
            await engine.close()
        engine = await launched(bench, story=story)
        await eventually(lambda: len(seen) == 2)
        await engine.close()
        assert len(begun) == MOST
        assert seen[0].startswith(f"WornOutError: given up: lockgate ended {MOST} times")
        assert seen[1] == "put back"


async def _nothing() -> None:
    return None
