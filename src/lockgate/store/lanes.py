"""Lanes in SQL: acceptance, turns and their end, each one transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, insert, select, update

from lockgate.domain.delivery import Delivery, DeliveryId, Outcome, RunState, StageRun
from lockgate.domain.errors import ConflictError, FencedError, NotFoundError
from lockgate.domain.event import Event
from lockgate.domain.project import Place
from lockgate.store.database import Database
from lockgate.store.event_log import append_event, take_order
from lockgate.store.rows import (
    at_place,
    conclusion_columns,
    delivery_columns,
    find_delivery,
    place_columns,
    queue_run,
    run_of,
)
from lockgate.store.tables import deliveries, events, lanes, stage_runs


class SqlLanes:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept(self, event: Event, delivery: Delivery, first: StageRun) -> Delivery:
        def work(connection: Connection) -> Delivery:
            take_order(connection)
            known = select(events.c.context).where(events.c.source == event.source, events.c.id == event.id)
            context = connection.scalar(known)
            if context is not None:
                return find_delivery(connection, DeliveryId(context))
            if connection.scalar(select(exists().where(deliveries.c.id == delivery.id))):
                raise ConflictError(
                    f"delivery {delivery.id!r} exists and was started by another event than {event.id!r}"
                )
            connection.execute(insert(deliveries).values(delivery_columns(delivery)))
            append_event(connection, event)
            queue_run(connection, first)
            return delivery

        return await self._database.write(work)

    async def queue(self, run: StageRun) -> None:
        def work(connection: Connection) -> None:
            take_order(connection)
            queue_run(connection, run)

        await self._database.write(work)

    async def take_turns(self, now: datetime) -> tuple[StageRun, ...]:
        def work(connection: Connection) -> tuple[StageRun, ...]:
            take_order(connection)
            busy = {run.place for run in _in_state(connection, RunState.RUNNING)}
            started = []
            for run in _in_state(connection, RunState.WAITING):
                if run.place not in busy:
                    busy.add(run.place)
                    started.append(_begin_turn(connection, run, now))
            return tuple(started)

        return await self._database.write(work)

    async def running(self) -> tuple[StageRun, ...]:
        return await self._database.read(lambda connection: _in_state(connection, RunState.RUNNING))

    async def waiting(self) -> tuple[StageRun, ...]:
        return await self._database.read(lambda connection: _in_state(connection, RunState.WAITING))

    async def finish(
        self, run: StageRun, events: Sequence[Event], following: StageRun | None, delivery: Delivery | None
    ) -> None:
        def work(connection: Connection) -> None:
            take_order(connection)
            if not _end_turn(connection, run):
                return
            for event in events:
                append_event(connection, event)
            if following is not None:
                queue_run(connection, following)
            if delivery is not None:
                find_delivery(connection, delivery.id)
                changed = update(deliveries).where(deliveries.c.id == delivery.id)
                connection.execute(changed.values(delivery_columns(delivery)))

        await self._database.write(work)

    async def lift(self, place: Place, token: int) -> None:
        def work(connection: Connection) -> None:
            take_order(connection)
            lane = at_place(lanes, place)
            if connection.scalar(select(exists().where(lane))):
                connection.execute(update(lanes).where(lane, lanes.c.token < token).values(token=token))
            else:
                connection.execute(insert(lanes).values(**place_columns(place), token=token))

        await self._database.write(work)

    async def ever_promoted(self, place: Place) -> bool:
        promoted = exists().where(
            at_place(stage_runs, place), stage_runs.c.outcome == Outcome.PROMOTED, stage_runs.c.fixed.is_(False)
        )
        return bool(await self._database.read(lambda connection: connection.scalar(select(promoted))))


def _in_state(connection: Connection, state: RunState) -> tuple[StageRun, ...]:
    query = select(stage_runs).where(stage_runs.c.state == state).order_by(stage_runs.c.number)
    return tuple(run_of(row) for row in connection.execute(query))


def _begin_turn(connection: Connection, run: StageRun, now: datetime) -> StageRun:
    changed = update(lanes).where(at_place(lanes, run.place)).values(token=lanes.c.token + 1)
    if connection.execute(changed).rowcount == 0:
        connection.execute(insert(lanes).values(**place_columns(run.place), token=1))
    token = connection.scalar(select(lanes.c.token).where(at_place(lanes, run.place)))
    this = stage_runs.c.id == run.id
    connection.execute(update(stage_runs).where(this).values(state=RunState.RUNNING, token=token, started_at=now))
    return run_of(connection.execute(select(stage_runs).where(this)).one())


def _end_turn(connection: Connection, run: StageRun) -> bool:
    """False when the turn was ended already."""
    row = connection.execute(select(stage_runs).where(stage_runs.c.id == run.id)).one_or_none()
    if row is None:
        raise NotFoundError("stage run", run.id)
    if row.token != run.token:
        raise FencedError(f"stage run {run.id} has token {row.token}, not {run.token}: it must not end that turn")
    ended = (
        update(stage_runs)
        .where(stage_runs.c.id == run.id, stage_runs.c.token == run.token, stage_runs.c.state != RunState.FINISHED)
        .values(state=RunState.FINISHED, **conclusion_columns(run))
    )
    return connection.execute(ended).rowcount == 1
