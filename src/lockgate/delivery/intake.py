"""A new artifact is announced: checked at the door, then accepted once and for all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import project_at, service_files
from lockgate.domain.artifact import Artifact
from lockgate.domain.delivery import Delivery, DeliveryId, Outcome, StageRun
from lockgate.domain.errors import InvalidError
from lockgate.domain.event import Event, EventType
from lockgate.domain.labels import Labels
from lockgate.domain.names import ProjectName, ServiceName
from lockgate.domain.project import Place
from lockgate.kit.ids import derived_id
from lockgate.ports.config_repo import MAIN


@dataclass(frozen=True, slots=True)
class NewArtifact:
    """*source* and *id* are the event's identity; *context* the sender's `shkeptncontext`, empty when it gave none."""

    id: str
    source: str
    context: str
    time: datetime
    project: ProjectName
    service: ServiceName
    artifact: Artifact
    labels: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    delivery: Delivery
    warnings: tuple[str, ...]


async def accept(outside: Outside, new: NewArtifact) -> Accepted:
    """The same event twice is the same delivery. Raises NotFoundError for an unknown project or service, InvalidError
    for a service with a fixed image, ConflictError when the context belongs to another event."""
    revision = await outside.repo.head(new.project, MAIN)
    project = await project_at(outside, new.project, revision)
    place = Place(project=new.project, stage=project.first.name, service=new.service)
    shape = outside.charts.shape(new.service, await service_files(outside, place, revision))
    if shape.fixed is not None:
        raise InvalidError(
            f"service {new.service} has the fixed image {shape.fixed.reference} in its values and receives no "
            "artifacts: change it there, commit and push"
        )
    now = outside.clock.now()
    delivery = Delivery(
        id=DeliveryId(new.context or derived_id(new.source, new.id)),
        project=new.project,
        service=new.service,
        artifact=new.artifact,
        accepted_at=now,
        labels=new.labels,
    )
    first = StageRun(delivery=delivery.id, place=place, attempt=1, artifact=new.artifact, queued_at=now)
    warnings = await _warnings(outside, new)
    accepted = await outside.lanes.accept(_event(new, delivery), delivery, first)
    return Accepted(delivery=accepted, warnings=warnings)


def _event(new: NewArtifact, delivery: Delivery) -> Event:
    data: Mapping[str, Any] = {
        "project": new.project,
        "service": new.service,
        "image": new.artifact.image,
        "tag": new.artifact.tag,
        **({"labels": dict(new.labels)} if new.labels else {}),
    }
    return Event(
        id=new.id,
        source=new.source,
        type=EventType.NEW_ARTIFACT.value,
        time=new.time,
        context=delivery.id,
        data=data,
    )


async def _warnings(outside: Outside, new: NewArtifact) -> tuple[str, ...]:
    """A rejected artifact may be sent again; the sender is told so, unless it was promoted since."""
    judged = (Outcome.PROMOTED, Outcome.REJECTED)
    for earlier in await outside.deliveries.listing(new.project, new.service):
        if earlier.artifact == new.artifact and earlier.outcome in judged:
            if earlier.outcome is Outcome.PROMOTED:
                return ()
            return (f"{new.artifact.reference} was rejected before: {earlier.reason} (delivery {earlier.id})",)
    return ()
