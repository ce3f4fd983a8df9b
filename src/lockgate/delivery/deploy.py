"""Step `deploy`: the new release beside the old one, ready; then the traffic, when the way back is warm."""

from lockgate.delivery.fixed import settle_fixed_services
from lockgate.delivery.objects import deployments, release_objects, routes, serving_deployment
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import Plan
from lockgate.delivery.repair import traffic_as_verified
from lockgate.delivery.telling import stage_fields, tell, tell_step
from lockgate.delivery.waiting import how_ready, until_ready
from lockgate.domain.delivery import StageRun
from lockgate.domain.event import EventType
from lockgate.domain.manifest import Ref, ref_of
from lockgate.domain.release import BlueGreenState
from lockgate.manifests.stage import stage_objects
from lockgate.workflow.protocol import Run


async def deploy(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> None:
    """New ready, then routes, then observed in the data plane; the old release stays as it is."""
    place, patience = turn.place, outside.patience

    async def prepare() -> None:
        await tell_step(outside, turn, "deploy")
        await outside.cluster.apply(stage_objects(place.project, place.stage), fence=None)

    async def apply() -> tuple[Ref, ...]:
        objects = await release_objects(outside, place, plan.wanted, plan.changed)
        await outside.cluster.apply(objects, fence=turn.token)
        return deployments(objects)

    async def shift() -> None:
        routing = routes(outside, place, plan.wanted, http=plan.shape.http)
        await outside.cluster.apply([routing], fence=turn.token)

    await run.step("prepare the stage", prepare, returns=None, retry=patience.retry)
    await traffic_as_verified(run, outside, turn, plan)
    await settle_fixed_services(run, outside, turn, plan)
    refs = await run.step("deploy", apply, returns=tuple[Ref, ...], retry=patience.retry)
    await until_ready(run, outside, "until deployed", refs, patience.rollout, told=turn)
    cold = await _coldness_of_fallback(run, outside, turn, plan)
    await run.step("shift traffic", shift, returns=None, retry=patience.retry)
    route = ref_of(routes(outside, place, plan.wanted, http=plan.shape.http))
    await until_ready(run, outside, "until routed", [route], patience.routes)
    await run.step(
        "tell deployment finished", lambda: _tell(outside, turn, plan, cold), returns=None, retry=outside.patience.retry
    )


async def _coldness_of_fallback(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> str:
    """Why the release that has the traffic is not fit to take it back; empty when it is, or when there is none.

    A release that serves nobody is no reason to refuse the one that may mend it: the shift goes on, and
    the event says so.
    """
    if turn.fixed or not isinstance(plan.before, BlueGreenState):
        return ""
    serving = serving_deployment(turn.place, plan.before)
    return await how_ready(run, outside, "until the fallback is warm", [serving], outside.patience.fallback)


async def _tell(outside: Outside, turn: StageRun, plan: Plan, cold: str) -> None:
    data = {
        **stage_fields(turn, plan.strategy, plan.tests),
        "deployment": plan.deployment_name(turn.place),
        "colour": plan.colour.value if plan.colour else "",
        "release": plan.release.id,
        "fallback": cold or "warm",
    }
    await tell(outside, turn, "deploy", EventType.DEPLOYMENT_FINISHED, data)
