"""An evaluation that shall be no baseline any more."""

from lockgate.delivery.outside import Outside
from lockgate.delivery.telling import SOURCE
from lockgate.domain.evaluation import Evaluation
from lockgate.domain.event import Event, EventType
from lockgate.kit.ids import derived_id


async def invalidate(outside: Outside, id: str, reason: str) -> Evaluation:
    """Safe to repeat: the first reason stays, and one event tells it. Raises NotFoundError."""
    await outside.evaluations.invalidate(id, reason, outside.clock.now())
    evaluation = await outside.evaluations.evaluation(id)
    await outside.events.append(_event(outside, evaluation))
    return evaluation


def _event(outside: Outside, evaluation: Evaluation) -> Event:
    subject, type_ = evaluation.subject, EventType.EVALUATION_INVALIDATED.value
    place = subject.place
    return Event(
        id=derived_id(evaluation.id, type_),
        source=SOURCE,
        type=type_,
        time=outside.clock.now(),
        context=subject.delivery,
        data={
            "project": place.project,
            "stage": place.stage,
            "service": place.service,
            "image": subject.image,
            "tag": subject.tag,
            "evaluation": evaluation.id,
            "reason": evaluation.invalidated or "",
        },
    )
