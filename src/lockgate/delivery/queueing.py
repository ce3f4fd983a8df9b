"""Stage runs that wait for their lane: told while they wait, and once for each thing that they learn."""

from collections.abc import Mapping

from lockgate.delivery.outside import Outside
from lockgate.delivery.telling import stage_fields, tell
from lockgate.domain.delivery import StageRun
from lockgate.domain.event import EventType


class Queues:
    """What was told of whom. It may be lost: the events' ids are derived, so one that was told is not told again."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}  # waiting run → the run that it was told to wait for

    async def tell_waiting(self, outside: Outside) -> None:
        """Each run hears at first who has its lane and how many come before it, and who has the lane when it is the
        next: a queue of n costs 2 n events."""
        waiting = await outside.lanes.waiting()
        self._told = {run.id: self._told[run.id] for run in waiting if run.id in self._told}
        holders = {run.place: run for run in await outside.lanes.running()} if waiting else {}
        before = dict.fromkeys(holders, 0)
        for run in waiting:
            holder = holders.get(run.place)
            if holder is None:
                continue
            if run.id not in self._told or (before[run.place] == 0 and self._told[run.id] != holder.id):
                await _tell(outside, run, holder, before[run.place])
                self._told[run.id] = holder.id
            before[run.place] += 1


async def tell_held(outside: Outside, held: Mapping[str, str]) -> None:
    """*held*: the engine's runs that wait for another release. Each reason is told once; nobody looks for it in a
    log."""
    if not held:
        return
    for run in await outside.lanes.running():
        if run.id in held:
            way_out = "start the release that began it again, which finishes it"
            data = {
                **stage_fields(run, None, None),
                "waitingfor": f"a release that knows it: {held[run.id]}; {way_out}",
            }
            await tell(outside, run, f"held: {held[run.id]}", EventType.WAITING, data)


async def _tell(outside: Outside, run: StageRun, holder: StageRun, before: int) -> None:
    queue = f", and {before} more before this one" if before else ""
    taken = f"{run.place.service} in {run.place.stage} is taken by delivery {holder.delivery} "
    fields = stage_fields(run, None, None)
    data = {**fields, "waitingfor": f"{taken}({holder.artifact.tag}){queue}", "delivery": holder.delivery}
    await tell(outside, run, f"wait for {holder.id}", EventType.WAITING, data)
