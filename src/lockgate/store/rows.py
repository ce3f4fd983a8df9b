"""Deliveries and stage runs as rows, and back."""

import json
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, insert, select

from lockgate.domain.artifact import Artifact
from lockgate.domain.delivery import Delivery, DeliveryId, Outcome, RunState, StageRun
from lockgate.domain.errors import no_delivery
from lockgate.domain.project import Place
from lockgate.store.tables import deliveries, stage_runs


def delivery_columns(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "project": delivery.project,
        "service": delivery.service,
        "image": delivery.artifact.image,
        "tag": delivery.artifact.tag,
        "accepted_at": delivery.accepted_at,
        "outcome": delivery.outcome,
        "reason": delivery.reason,
        "finished_at": delivery.finished_at,
        "labels": json.dumps(dict(delivery.labels)),
    }


def delivery_of(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        project=row.project,
        service=row.service,
        artifact=Artifact(image=row.image, tag=row.tag),
        accepted_at=row.accepted_at,
        outcome=row.outcome and Outcome(row.outcome),
        reason=row.reason,
        finished_at=row.finished_at,
        labels=json.loads(row.labels),
    )


def find_delivery(connection: Connection, id: DeliveryId) -> Delivery:
    """Raises NotFoundError."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == id)).one_or_none()
    if row is None:
        raise no_delivery(id)
    return delivery_of(row)


def run_of(row: Row[Any]) -> StageRun:
    return StageRun(
        delivery=row.delivery,
        place=Place(project=row.project, stage=row.stage, service=row.service),
        attempt=row.attempt,
        artifact=Artifact(image=row.image, tag=row.tag),
        fixed=row.fixed,
        token=row.token,
        state=RunState(row.state),
        queued_at=row.queued_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=row.outcome and Outcome(row.outcome),
        reason=row.reason,
        verdict=row.verdict,
        evaluation=row.evaluation,
    )


def queue_run(connection: Connection, run: StageRun) -> None:
    """At the end of its lane, once. Raises NotFoundError when there is no such delivery."""
    find_delivery(connection, run.delivery)
    if connection.scalar(select(stage_runs.c.number).where(stage_runs.c.id == run.id)) is not None:
        return
    connection.execute(
        insert(stage_runs).values(
            id=run.id,
            delivery=run.delivery,
            **place_columns(run.place),
            attempt=run.attempt,
            image=run.artifact.image,
            tag=run.artifact.tag,
            fixed=run.fixed,
            token=0,
            state=RunState.WAITING,
            queued_at=run.queued_at,
            **conclusion_columns(run),
        )
    )


def conclusion_columns(run: StageRun) -> dict[str, Any]:
    return {
        "finished_at": run.finished_at,
        "outcome": run.outcome,
        "reason": run.reason,
        "verdict": run.verdict,
        "evaluation": run.evaluation,
    }


def place_columns(place: Place) -> dict[str, str]:
    return {"project": place.project, "stage": place.stage, "service": place.service}


def at_place(table: Table, place: Place) -> ColumnElement[bool]:
    return (table.c.project == place.project) & (table.c.stage == place.stage) & (table.c.service == place.service)
