"""Turns: each lane's next stage run is started as one durable workflow."""

import asyncio
import logging
from collections.abc import Iterable

from lockgate.delivery.conclusion import trouble
from lockgate.delivery.deliver import deliver
from lockgate.delivery.finish import end_turn, finish
from lockgate.delivery.outside import Outside
from lockgate.delivery.queueing import Queues, tell_held
from lockgate.domain.delivery import StageRun
from lockgate.kit import typed_json
from lockgate.workflow.protocol import Engine, OtherPastError, Run

log = logging.getLogger(__name__)

WORKFLOW = "stage run"


def register(engine: Engine, outside: Outside) -> None:
    """Before the engine is launched."""

    async def stage_run(run: Run, argument: str) -> None:
        turn = _read(argument)
        try:
            await deliver(run, outside, turn)
        except Exception as bug:
            # A lane must never stand still over a bug: it is shown, and the next artifact gets its turn.
            log.exception("%s broke off", turn.id)
            ended = trouble(f"internal error, see the log of lockgate: {bug!r}")
            await finish(run, outside, turn, None, ended, step="finish after a bug")

    engine.register(WORKFLOW, stage_run)


def _read(argument: str) -> StageRun:
    try:
        turn: StageRun = typed_json.from_json(argument, StageRun)
    except Exception as error:
        raise OtherPastError(f"what this run is about cannot be read by this release: {error}") from error
    return turn


async def give_turns(outside: Outside, engine: Engine) -> int:
    """Start what may start now; how many that were. A turn that was given and not started, before a crash or since it
    could not be, is started by `resume_turns`."""
    turns = await outside.lanes.take_turns(outside.clock.now())
    await _start(engine, turns)
    return len(turns)


async def resume_turns(outside: Outside, engine: Engine) -> None:
    """After a restart: starting a run that is known to the engine already changes nothing."""
    await _start(engine, await outside.lanes.running())


async def end_lost_turns(outside: Outside, engine: Engine) -> None:
    """Turns whose run is over and could not say so, since the store was away for too long: their lanes go on."""
    for turn in await outside.lanes.running():
        if await engine.is_over(turn.id):
            log.error("%s is over and its end was never stored", turn.id)
            await end_turn(outside, turn, None, trouble("its end could not be stored: see the log of lockgate"))


async def keep_turning(outside: Outside, engine: Engine, every: float = 0.2, look_back: float = 30) -> None:
    """Until cancelled. Nothing that goes wrong ends it: lanes would stand still and nobody would be told. Lost turns
    are looked for each *look_back* seconds. In this order: what cannot be told, or started, keeps no other lane."""
    behind = True  # turns were given, and perhaps not started
    looked = -look_back
    queues = Queues()
    time = asyncio.get_running_loop().time
    while True:
        try:
            await give_turns(outside, engine)
            is_due = time() - looked >= look_back
            if is_due:
                await end_lost_turns(outside, engine)
                looked = time()
            if behind:
                await resume_turns(outside, engine)
                behind = False
            if is_due:
                await tell_held(outside, engine.held)
            await queues.tell_waiting(outside)
        except Exception:
            behind = True
            log.exception("no turns could be given, which is tried again")
        await asyncio.sleep(every)


async def _start(engine: Engine, turns: Iterable[StageRun]) -> None:
    """Raises ExceptionGroup when all that can be are started: one that cannot be keeps nobody else back."""
    errors: list[Exception] = []
    for turn in turns:
        try:
            await engine.start(WORKFLOW, turn.id, typed_json.to_json(turn, StageRun))
        except Exception as error:
            error.add_note(f"at the start of {turn.id}")
            errors.append(error)
    if errors:
        raise ExceptionGroup("turns that could not be started", errors)
