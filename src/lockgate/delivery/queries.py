"""What users may ask about deliveries: one answer for API, console and CLI."""

from dataclasses import dataclass

from lockgate.delivery.onboarding import project_now
from lockgate.delivery.outside import Outside
from lockgate.domain.delivery import Delivery, DeliveryId, RunState, StageRun
from lockgate.domain.evaluation import Evaluation
from lockgate.domain.event import Event, EventType
from lockgate.domain.names import ProjectName

_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Journey:
    """A delivery with its stage runs in order, the evaluations they came to, and every event so far."""

    delivery: Delivery
    stages: tuple[str, ...]
    runs: tuple[StageRun, ...]
    evaluations: tuple[Evaluation, ...]
    events: tuple[Event, ...]

    def waiting_for(self, run: StageRun) -> str:
        """What *run* waits for as of its last event; empty when that told of something else."""
        place = (run.place.stage, run.place.service)
        own = [event for event in self.events if (event.data.get("stage"), event.data.get("service")) == place]
        waits = own and own[-1].type == EventType.WAITING and run.state is not RunState.FINISHED
        return str(own[-1].data["waitingfor"]) if waits else ""


async def journey(outside: Outside, delivery: DeliveryId) -> Journey:
    """Raises NotFoundError."""
    found = await outside.deliveries.delivery(delivery)
    project = await project_now(outside, ProjectName(found.project))
    runs = await outside.deliveries.stage_runs(delivery)
    evaluations = [await outside.evaluations.evaluation(run.evaluation) for run in runs if run.evaluation]
    return Journey(
        delivery=found,
        stages=tuple(stage.name for stage in project.stages),
        runs=runs,
        evaluations=tuple(evaluations),
        events=await outside.events.since(0, context=delivery, limit=_MANY),
    )
