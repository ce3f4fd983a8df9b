"""Lanes: who waits where. A lane is a Place; one stage run at a time, in order of arrival, each with a higher token."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from lockgate.domain.delivery import Delivery, StageRun
from lockgate.domain.event import Event
from lockgate.domain.project import Place


class Lanes(Protocol):
    """Each method is one transaction."""

    async def accept(self, event: Event, delivery: Delivery, first: StageRun) -> Delivery:
        """Store the event, the delivery and its place in the first lane. The same (source, id) again: nothing is
        written and the delivery of the first time is returned. ConflictError when only the delivery's id is taken."""
        ...

    async def queue(self, run: StageRun) -> None:
        """Put *run* at the end of its lane. Safe to repeat: the same run id is queued once."""
        ...

    async def take_turns(self, now: datetime) -> tuple[StageRun, ...]:
        """Give each lane in which nothing runs to the run that has waited longest; returned as running with a token."""
        ...

    async def running(self) -> tuple[StageRun, ...]: ...

    async def waiting(self) -> tuple[StageRun, ...]:
        """Those that have no turn yet, in order of arrival."""
        ...

    async def finish(
        self, run: StageRun, events: Sequence[Event], following: StageRun | None, delivery: Delivery | None
    ) -> None:
        """End the turn: *run* as finished (matched by id and token: FencedError if it has another token), its events,
        the next lane's row, and the delivery with its outcome, in one transaction. Safe to repeat."""
        ...

    async def lift(self, place: Place, token: int) -> None:
        """Later turns of the lane get tokens above *token*; those that have one keep it. Never lowers anything."""
        ...

    async def ever_promoted(self, place: Place) -> bool:
        """Whether any artifact was ever promoted from *place* (runs of fixed services do not count)."""
        ...
