"""The store in dictionaries, for scenarios: the same promises as the one in SQL, but nothing survives the process."""

import asyncio
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lockgate.domain.delivery import Delivery, DeliveryId, Outcome, RunState, StageRun
from lockgate.domain.errors import ConflictError, FencedError, NotFoundError, no_delivery, no_evaluation
from lockgate.domain.evaluation import Evaluation
from lockgate.domain.event import Event
from lockgate.domain.gate import Comparison
from lockgate.domain.names import ProjectName, ServiceName
from lockgate.domain.project import Place
from lockgate.store.digest import digest


@dataclass(frozen=True, slots=True)
class _Secret:
    name: str
    digest: str
    expires_at: datetime | None

    def opens(self, mark: str, now: datetime) -> bool:
        return hmac.compare_digest(self.digest, mark) and (self.expires_at is None or now < self.expires_at)


class MemoryStore:
    """Implements Lanes, EventLog, Deliveries, Evaluations, Settings and Tokens. No method awaits while it changes
    something, so each is one transaction."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._identities: dict[tuple[str, str], Event] = {}
        self._appended = asyncio.Event()
        self._deliveries: dict[DeliveryId, Delivery] = {}
        self._runs: dict[str, StageRun] = {}
        self._tokens: dict[Place, int] = {}
        self._evaluations: dict[str, Evaluation] = {}
        self._settings: dict[str, str] = {}
        self._secrets: dict[str, _Secret] = {}

    # Lanes

    async def accept(self, event: Event, delivery: Delivery, first: StageRun) -> Delivery:
        known = self._identities.get((event.source, event.id))
        if known is not None:
            return await self.delivery(DeliveryId(known.context))
        if delivery.id in self._deliveries:
            raise ConflictError(f"delivery {delivery.id!r} exists and was started by another event than {event.id!r}")
        self._deliveries[delivery.id] = delivery
        self._append(event)
        self._queue(first)
        return delivery

    async def queue(self, run: StageRun) -> None:
        self._queue(run)

    async def take_turns(self, now: datetime) -> tuple[StageRun, ...]:
        busy = {run.place for run in self._runs.values() if run.state is RunState.RUNNING}
        started = []
        for run in tuple(self._runs.values()):
            if run.state is RunState.WAITING and run.place not in busy:
                busy.add(run.place)
                self._tokens[run.place] = self._tokens.get(run.place, 0) + 1
                turn = replace(run, state=RunState.RUNNING, token=self._tokens[run.place], started_at=now)
                self._runs[run.id] = turn
                started.append(turn)
        return tuple(started)

    async def running(self) -> tuple[StageRun, ...]:
        return tuple(run for run in self._runs.values() if run.state is RunState.RUNNING)

    async def waiting(self) -> tuple[StageRun, ...]:
        return tuple(run for run in self._runs.values() if run.state is RunState.WAITING)

    async def finish(
        self, run: StageRun, events: Sequence[Event], following: StageRun | None, delivery: Delivery | None
    ) -> None:
        stored = self._runs.get(run.id)
        if stored is None:
            raise NotFoundError("stage run", run.id)
        if stored.token != run.token:
            raise FencedError(
                f"stage run {run.id} has token {stored.token}, not {run.token}: it must not end that turn"
            )
        if stored.state is RunState.FINISHED:
            return
        self._known(following.delivery if following else run.delivery)
        self._known(delivery.id if delivery else run.delivery)
        self._runs[run.id] = replace(
            run, state=RunState.FINISHED, queued_at=stored.queued_at, started_at=stored.started_at
        )
        for event in events:
            self._append(event)
        if following is not None:
            self._queue(following)
        if delivery is not None:
            self._deliveries[delivery.id] = delivery

    async def lift(self, place: Place, token: int) -> None:
        self._tokens[place] = max(token, self._tokens.get(place, 0))

    async def ever_promoted(self, place: Place) -> bool:
        return any(
            run.place == place and run.outcome is Outcome.PROMOTED and not run.fixed for run in self._runs.values()
        )

    # EventLog

    async def append(self, event: Event) -> bool:
        return self._append(event)

    async def since(self, cursor: int, *, context: str | None = None, limit: int = 500) -> tuple[Event, ...]:
        later = self._events[max(0, cursor) :]
        return tuple(event for event in later if context is None or event.context == context)[:limit]

    async def wait_beyond(self, cursor: int, within: float) -> bool:
        try:
            async with asyncio.timeout(within):
                while len(self._events) <= cursor:
                    await self._appended.wait()
        except TimeoutError:
            return False
        return True

    # Deliveries

    async def delivery(self, delivery: DeliveryId) -> Delivery:
        self._known(delivery)
        return self._deliveries[delivery]

    async def listing(
        self, project: ProjectName | None = None, service: ServiceName | None = None, limit: int = 50
    ) -> tuple[Delivery, ...]:
        wanted = [
            delivery
            for delivery in reversed(self._deliveries.values())
            if project in (None, delivery.project) and service in (None, delivery.service)
        ]
        return tuple(wanted[:limit])

    async def stage_runs(self, delivery: DeliveryId) -> tuple[StageRun, ...]:
        return tuple(run for run in self._runs.values() if run.delivery == delivery)

    # Evaluations

    async def save(self, evaluation: Evaluation) -> None:
        self._evaluations.setdefault(evaluation.id, evaluation)

    async def evaluation(self, id: str) -> Evaluation:
        if id not in self._evaluations:
            raise no_evaluation(id)
        return self._evaluations[id]

    async def latest(self, place: Place, limit: int = 50) -> tuple[Evaluation, ...]:
        there = [one for one in reversed(self._evaluations.values()) if one.subject.place == place]
        return tuple(there[:limit])

    async def comparable(self, place: Place, comparison: Comparison, before: datetime) -> tuple[Evaluation, ...]:
        fitting = [
            one
            for one in reversed(self._evaluations.values())
            if one.subject.place == place
            and one.verdict in comparison.verdicts
            and one.window.end < before
            and one.invalidated is None
        ]
        return tuple(sorted(fitting, key=lambda one: one.window.end, reverse=True)[: comparison.results])

    async def invalidate(self, id: str, reason: str, now: datetime) -> None:
        known = await self.evaluation(id)
        if known.invalidated is None:
            self._evaluations[id] = replace(known, invalidated=reason)

    # Settings

    async def get(self, key: str) -> str | None:
        return self._settings.get(key)

    async def put(self, key: str, value: str) -> None:
        self._settings[key] = value

    # Tokens

    async def add(self, name: str, token: str, now: datetime, expires_at: datetime | None = None) -> None:
        over = [mark for mark, secret in self._secrets.items() if secret.expires_at and secret.expires_at <= now]
        for mark in over:
            del self._secrets[mark]
        self._secrets[digest(token)] = _Secret(name, digest(token), expires_at)

    async def forget(self, name: str) -> None:
        self._secrets = {mark: secret for mark, secret in self._secrets.items() if secret.name != name}

    async def check(self, token: str, now: datetime) -> str | None:
        mark = digest(token)
        secret = self._secrets.get(mark)
        return secret.name if secret is not None and secret.opens(mark, now) else None

    async def spend(self, token: str, now: datetime) -> str | None:
        name = await self.check(token, now)
        if name is not None:
            del self._secrets[digest(token)]
        return name

    def _known(self, delivery: DeliveryId) -> None:
        if delivery not in self._deliveries:
            raise no_delivery(delivery)

    def _queue(self, run: StageRun) -> None:
        self._known(run.delivery)
        self._runs.setdefault(run.id, replace(run, state=RunState.WAITING, token=0))

    def _append(self, event: Event) -> bool:
        if (event.source, event.id) in self._identities:
            return False
        stored = replace(event, cursor=len(self._events) + 1)
        self._events.append(stored)
        self._identities[(event.source, event.id)] = stored
        self._appended.set()
        self._appended = asyncio.Event()
        return True
