"""Reading and writing what git says of a place: `stages/<stage>/<service>.yaml` on branch `state`."""

from lockgate.delivery.outside import Outside
from lockgate.domain.delivery import StageRun
from lockgate.domain.errors import ConflictError, FencedError, TransientError
from lockgate.domain.project import Place
from lockgate.domain.release import ServiceState, StateFile
from lockgate.ports.config_repo import STATE, Revision
from lockgate.specs.state_file import parse_state, render_state

_RACES = 50  # other lanes commit to the same branch; each lost race is one more try


def state_path(place: Place) -> str:
    return f"stages/{place.stage}/{place.service}.yaml"


async def read_state(outside: Outside, place: Place) -> StateFile:
    """An absent file is a place where nothing was ever tried."""
    return await _read_at(outside, place, await outside.repo.head(place.project, STATE))


async def write_state(
    outside: Outside, run: StageRun, *, verified: ServiceState | None, candidate: ServiceState | None, message: str
) -> Revision:
    """One commit; with neither state the file goes. Safe to repeat. FencedError when a later turn wrote already."""
    place, wanted = run.place, StateFile(verified=verified, candidate=candidate, fence=run.token)
    text = None if wanted.desired is None else render_state(wanted)
    for _ in range(_RACES):
        head = await outside.repo.head(place.project, STATE)
        await _refuse_ended_turn(outside, run)
        there = await _read_at(outside, place, head)
        if there.fence > run.token:
            raise FencedError(f"{place}: turn {there.fence} has written already, this is turn {run.token}")
        try:
            return await outside.repo.commit(
                place.project, STATE, head, {state_path(place): text}, f"{message}\n\ndelivery: {run.delivery}\n"
            )
        except ConflictError:
            continue
    raise TransientError(f"branch state of project {place.project} moved {_RACES} times while {place} was written")


async def _refuse_ended_turn(outside: Outside, run: StageRun) -> None:
    """A place without a state file has no fence. Asked after the head was read, this leaves no gap: what a later turn
    committed before then shows here, since it had its turn, and what it commits after then moves the head."""
    if not any((each.id, each.token) == (run.id, run.token) for each in await outside.lanes.running()):
        raise FencedError(f"{run.place}: turn {run.token} is over, and a later one may be at work")


async def _read_at(outside: Outside, place: Place, revision: Revision) -> StateFile:
    path = state_path(place)
    folder, _, name = path.rpartition("/")
    text = (await outside.repo.files(place.project, revision, folder)).get(name)
    return StateFile(verified=None, candidate=None, fence=0) if text is None else parse_state(path, text)
