"""One artifact's journey (a delivery) and its part in a stage (a stage run)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from lockgate.domain.artifact import Artifact
from lockgate.domain.labels import Labels
from lockgate.domain.names import ProjectName, ServiceName
from lockgate.domain.project import Place

DeliveryId = NewType("DeliveryId", str)


class Outcome(StrEnum):
    PROMOTED = "promoted"
    REJECTED = "rejected"
    UNJUDGED = "unjudged"
    ERRORED = "errored"
    SUPERSEDED = "superseded"
    ABORTED = "aborted"


class RunState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Delivery:
    """*id* is the `shkeptncontext` of every event of the journey. *outcome* is None while it is under way."""

    id: DeliveryId
    project: ProjectName
    service: ServiceName
    artifact: Artifact
    accepted_at: datetime
    outcome: Outcome | None = None
    reason: str = ""
    finished_at: datetime | None = None
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageRun:
    """A delivery's turn in a lane. *token* fences its writes: it is higher for every later turn of the same lane.

    *fixed* marks the run that settles a service with a fixed image (a database) for the delivery that needs it.
    """

    delivery: DeliveryId
    place: Place
    attempt: int
    artifact: Artifact
    fixed: bool = False
    token: int = 0
    state: RunState = RunState.WAITING
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    outcome: Outcome | None = None
    reason: str = ""
    verdict: str = ""  # a Verdict, "not evaluated", or empty while nothing was concluded
    evaluation: str = ""

    @property
    def id(self) -> str:
        """Also the id of its durable workflow: starting it twice is starting it once."""
        return f"{self.delivery}/{self.place.stage}/{self.place.service}/{self.attempt}"
