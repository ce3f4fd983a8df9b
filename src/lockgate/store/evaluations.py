"""Evaluations in SQL: a document each, with the columns that are asked for beside it."""

import math

from sqlalchemy import Connection, insert, select

from lockgate.domain.errors import no_evaluation
from lockgate.domain.evaluation import Evaluation
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
                )
            )

        await self._database.write(work)

    async def evaluation(self, id: str) -> Evaluation:
        query = select(evaluations.c.document).where(evaluations.c.id == id)
        document = await self._database.read(lambda connection: connection.scalar(query))
        if document is None:
            raise no_evaluation(id)
        return _evaluation(document)

    async def latest(self, place: Place, limit: int = 50) -> tuple[Evaluation, ...]:
        query = select(evaluations.c.document).where(at_place(evaluations, place))
        newest = query.order_by(evaluations.c.number.desc()).limit(limit)
        documents = await self._database.read(lambda connection: connection.scalars(newest).all())
        return tuple(_evaluation(document) for document in documents)


def _evaluation(document: str) -> Evaluation:
    evaluation: Evaluation = from_json(document, Evaluation)
    return evaluation
