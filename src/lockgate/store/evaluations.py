"""Evaluations in SQL: a document each, with the columns that are asked for beside it."""

import math
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from lockgate.domain.errors import no_evaluation
from lockgate.domain.evaluation import Evaluation
from lockgate.domain.gate import Comparison
from lockgate.domain.project import Place
from lockgate.kit.typed_json import from_json, to_json
from lockgate.store.database import Database
from lockgate.store.event_log import take_order
from lockgate.store.rows import at_place, place_columns
from lockgate.store.tables import evaluations


class SqlEvaluations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, evaluation: Evaluation) -> None:
        def work(connection: Connection) -> None:
            take_order(connection)
            known = select(evaluations.c.number).where(evaluations.c.id == evaluation.id)
            if connection.scalar(known) is not None:
                return
            connection.execute(
                insert(evaluations).values(
                    id=evaluation.id,
                    **place_columns(evaluation.subject.place),
                    delivery=evaluation.subject.delivery,
                    verdict=evaluation.verdict,
                    score=evaluation.score if math.isfinite(evaluation.score) else None,
                    window_end=evaluation.window.end,
                    document=to_json(evaluation, Evaluation),
                    invalidated=evaluation.invalidated,
                )
            )

        await self._database.write(work)

    async def evaluation(self, id: str) -> Evaluation:
        query = select(*_WHOLE).where(evaluations.c.id == id)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise no_evaluation(id)
        return _evaluation(row)

    async def latest(self, place: Place, limit: int = 50) -> tuple[Evaluation, ...]:
        query = select(*_WHOLE).where(at_place(evaluations, place))
        newest = query.order_by(evaluations.c.number.desc()).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(newest).all())
        return tuple(_evaluation(row) for row in rows)

    async def comparable(self, place: Place, comparison: Comparison, before: datetime) -> tuple[Evaluation, ...]:
        query = (
            select(*_WHOLE)
            .where(at_place(evaluations, place))
            .where(evaluations.c.verdict.in_(comparison.verdicts))
            .where(evaluations.c.window_end < before)
            .where(evaluations.c.invalidated.is_(None))
            .order_by(evaluations.c.window_end.desc(), evaluations.c.number.desc())
            .limit(comparison.results)
        )
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return tuple(_evaluation(row) for row in rows)

    async def invalidate(self, id: str, reason: str, now: datetime) -> None:
        def work(connection: Connection) -> None:
            take_order(connection)
            known = select(evaluations.c.number).where(evaluations.c.id == id)
            if connection.scalar(known) is None:
                raise no_evaluation(id)
            valid = (evaluations.c.id == id) & evaluations.c.invalidated.is_(None)
            connection.execute(update(evaluations).where(valid).values(invalidated=reason, invalidated_at=now))

        await self._database.write(work)


_WHOLE = (evaluations.c.document, evaluations.c.invalidated)


def _evaluation(row: Any) -> Evaluation:
    """The column has the last word on whether it was invalidated: the document is written once."""
    evaluation: Evaluation = from_json(row.document, Evaluation)
    return replace(evaluation, invalidated=row.invalidated)
