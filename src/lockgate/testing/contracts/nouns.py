"""Small nouns that the contracts of the store speak of."""

from datetime import UTC, datetime, timedelta

from lockgate.domain.artifact import Artifact
from lockgate.domain.delivery import Delivery, DeliveryId, StageRun
from lockgate.domain.event import Event, EventType
from lockgate.domain.names import project_name, service_name, stage_name
from lockgate.domain.project import Place

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def place(stage: str = "dev", service: str = "carts", project: str = "sockshop") -> Place:
    return Place(project_name(project), stage_name(stage), service_name(service))


def event(id: str, context: str = "d1", source: str = "test") -> Event:
    data = {"project": "sockshop", "labels": {"team": "ü"}, "count": 3, "ratio": 0.5, "none": None, "list": [1, "b"]}
    return Event(id=id, source=source, type=EventType.NEW_ARTIFACT, time=NOON, context=context, data=data)


def delivery(id: str = "d1", service: str = "carts", project: str = "sockshop") -> Delivery:
    artifact = Artifact(f"docker.io/keptnexamples/{service}", "0.8.1")
    return Delivery(DeliveryId(id), project_name(project), service_name(service), artifact, NOON, labels={"team": "ü"})


def stage_run(of: Delivery, stage: str = "dev", attempt: int = 1, *, fixed: bool = False) -> StageRun:
    where = Place(of.project, stage_name(stage), of.service)
    return StageRun(of.id, where, attempt, of.artifact, fixed=fixed, queued_at=NOON)
