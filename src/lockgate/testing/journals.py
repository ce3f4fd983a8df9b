"""Journals of stage runs as a release recorded them, and a world in which the release at hand takes one up half-way."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from lockgate.domain.delivery import StageRun
from lockgate.kit.typed_json import from_json
from lockgate.testing.world import World, world_under_gate
from lockgate.workflow.journal import Replay
from lockgate.workflow.memory import Crash, MemoryEngine
from lockgate.workflow.protocol import OtherPastError


async def _empty_world() -> World:
    world = World()
    await world.create()
    return world


@dataclass(frozen=True, slots=True)
class Scenario:
    """*tag* is sent into the *world*; the run recorded is its turn in *stage*."""

    world: Callable[[], Awaitable[World]]
    tag: str
    stage: str


SCENARIOS: Mapping[str, Scenario] = {
    "direct-promoted": Scenario(_empty_world, "0.6.0", "dev"),
    "blue-green-promoted": Scenario(world_under_gate, "0.6.2", "staging"),
    "blue-green-rejected": Scenario(world_under_gate, "0.6.1", "staging"),
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """*argument* and the texts of *steps* (name, text) as they were written; *ending*: what it all came to."""

    scenario: str
    run: str
    argument: str
    steps: tuple[tuple[str, str], ...]
    ending: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Ending:
    """*running*: stage → Deployment → tag; *live*: stage → the tag that has the traffic of a blue/green stage."""

    outcome: str
    verdict: str
    delivery: str
    running: Mapping[str, Mapping[str, str]]
    live: Mapping[str, str]


class NotTakenUpError(Exception):
    """A recorded run cannot be carried on by the release at hand; the text says from which step on."""


async def record(name: str) -> Recorded:
    """What the release at hand does in the scenario of that *name*."""
    scenario = SCENARIOS[name]
    world = await scenario.world()
    sent = await world.send(scenario.tag, id=name)
    await world.settle()
    run = (await world.runs(sent))[scenario.stage].id
    _, argument = world.journal.runs[run]
    return Recorded(name, run, argument, tuple(world.journal.of(run)), await _ending(world, run))


async def carried_on(past: Recorded, cut: int) -> Mapping[str, Any]:
    """The ending when the first *cut* steps are those of *past* and the release at hand does the rest.

    Raises NotTakenUpError when it would do other steps than those recorded, or cannot read them.
    """
    scenario = SCENARIOS[past.scenario]
    before = World(restarted=await scenario.world(), engine=partial(_RecordedEngine, past=past, cut=cut))
    before.monitoring.world = before
    await before.send(scenario.tag, id=past.scenario)
    await _settle(before, past, cut)
    if before.engine.crashed is None:
        raise NotTakenUpError(f"{past.scenario}: today the run is over before it has done {past.steps[cut - 1][0]!r}")
    after = World(restarted=before)
    after.monitoring.world = after
    await _settle(after, past, cut)
    return await _ending(after, past.run)


async def _settle(world: World, past: Recorded, cut: int) -> None:
    try:
        await world.settle()
    except Exception as error:
        behind = f"behind {past.steps[cut - 1][0]!r}" if cut else "at its start"
        raise NotTakenUpError(f"{past.scenario}, stopped {behind}: {error}") from error


async def _ending(world: World, run: str) -> Mapping[str, Any]:
    turn: StageRun = from_json(world.journal.runs[run][1], StageRun)
    ended = next(one for one in await world.store.stage_runs(turn.delivery) if one.id == run)
    delivery = await world.store.delivery(turn.delivery)
    stages = ("dev", "staging", "production")
    ending = _Ending(
        outcome=str(ended.outcome),
        verdict=ended.verdict,
        delivery=str(delivery.outcome),
        running={stage: world.running(stage) for stage in stages},
        live={stage: world.live(stage) for stage in stages},
    )
    return asdict(ending)


class _RecordedEngine(MemoryEngine):
    """Carries out the steps of the one run that *past* tells of, so that the world is as it was then, but records what
    was recorded then, and dies when *cut* steps are."""

    def __init__(self, *given: Any, past: Recorded, cut: int, **named: Any) -> None:
        super().__init__(*given, **named)
        self._past, self._cut = past, cut

    async def start(self, workflow: str, id: str, argument: str) -> None:
        await super().start(workflow, id, self._past.argument if id == self._past.run else argument)

    def replay(self, run: str) -> Replay:
        return _RecordedReplay(self, self._past, self._cut) if run == self._past.run else super().replay(run)


class _RecordedReplay(Replay):
    def __init__(self, engine: MemoryEngine, past: Recorded, cut: int) -> None:
        super().__init__(engine.journal, past.run)
        self._past, self._cut, self._written = past, cut, 0

    @property
    def next(self) -> str | None:
        return self._past.steps[self._written][0]

    def meet(self, name: str) -> str | None:
        """Nothing, so that it is carried out: the recorded step is at hand when that was done."""
        self._die_at_the_cut()
        if name != self.next:
            raise OtherPastError(f"the journal goes on with {self.next!r}, and the story of this release with {name!r}")
        return None

    def write(self, name: str, text: str) -> str:
        past = super().write(name, self._past.steps[self._written][1])
        self._written += 1
        self._die_at_the_cut()
        return past

    def _die_at_the_cut(self) -> None:
        if self._written == self._cut:
            raise Crash(f"cut {self._cut}")


def to_text(past: Recorded) -> str:
    """A JSON file that shows in a review what a step has recorded."""
    plain = {
        "scenario": past.scenario,
        "run": past.run,
        "argument": json.loads(past.argument),
        "steps": [{"step": name, "recorded": _shown(text)} for name, text in past.steps],
        "ending": past.ending,
    }
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def from_text(text: str) -> Recorded:
    plain = json.loads(text)
    steps = tuple((one["step"], _written(one["recorded"])) for one in plain["steps"])
    return Recorded(plain["scenario"], plain["run"], json.dumps(plain["argument"]), steps, plain["ending"])


def _shown(text: str) -> Any:
    return json.loads(text) if text.startswith("{") else text


def _written(shown: Any) -> str:
    return shown if isinstance(shown, str) else json.dumps(shown)
