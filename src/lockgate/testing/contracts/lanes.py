"""What every Lanes must do. A test class derives from LanesContract and has a fixture `ports`."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from lockgate.domain.delivery import Delivery, Outcome, RunState, StageRun
from lockgate.domain.errors import ConflictError, FencedError, NotFoundError
from lockgate.ports.deliveries import Deliveries
from lockgate.ports.event_log import EventLog
from lockgate.ports.lanes import Lanes
from lockgate.testing.contracts.nouns import NOON, delivery, event, later, place, stage_run


@dataclass(frozen=True, slots=True)
class LanePorts:
    """Three views of one store."""

    lanes: Lanes
    log: EventLog
    deliveries: Deliveries


class LanesContract:
    async def test_accepting_writes_event_delivery_and_first_run_together(self, ports: LanePorts) -> None:
        accepted = delivery()
        assert await ports.lanes.accept(event("e1"), accepted, stage_run(accepted)) == accepted
        assert await ports.deliveries.delivery(accepted.id) == accepted
        assert await ports.deliveries.stage_runs(accepted.id) == (stage_run(accepted),)
        assert [one.id for one in await ports.log.since(0)] == ["e1"]

    async def test_the_same_event_again_gives_the_delivery_of_the_first_time(self, ports: LanePorts) -> None:
        first = await accept(ports, "d1")
        again = delivery("d2")
        assert await ports.lanes.accept(event("e-d1", "d2"), again, stage_run(again)) == first
        assert await ports.deliveries.listing() == (first,)
        assert len(await ports.log.since(0)) == 1

    async def test_a_delivery_id_that_is_taken_is_refused_and_nothing_is_written(self, ports: LanePorts) -> None:
        first = await accept(ports, "d1")
        with pytest.raises(ConflictError, match="d1"):
            await ports.lanes.accept(event("other"), first, stage_run(first, attempt=2))
        assert await ports.deliveries.stage_runs(first.id) == (stage_run(first),)
        assert len(await ports.log.since(0)) == 1

    async def test_many_deliver_one_event_at_once_and_one_is_accepted(self, ports: LanePorts) -> None:
        many = [delivery(f"d{number}") for number in range(6)]
        answers = await asyncio.gather(*(ports.lanes.accept(event("e1", one.id), one, stage_run(one)) for one in many))
        assert len({answer.id for answer in answers}) == 1
        assert await ports.deliveries.listing() == (answers[0],)

    async def test_one_run_at_a_time_in_a_lane_in_order_of_arrival(self, ports: LanePorts) -> None:
        first, second = await accept(ports, "d1"), await accept(ports, "d2")
        elsewhere = await accept(ports, "d3", service="orders")
        turns = await ports.lanes.take_turns(NOON)
        assert [(turn.delivery, turn.state, turn.token, turn.started_at) for turn in turns] == [
            (first.id, RunState.RUNNING, 1, NOON),
            (elsewhere.id, RunState.RUNNING, 1, NOON),
        ]
        assert await ports.lanes.take_turns(later(1)) == ()
        assert await ports.lanes.running() == turns
        await ports.lanes.finish(ended(turns[0]), (), None, None)
        (turn,) = await ports.lanes.take_turns(later(2))
        assert (turn.delivery, turn.token, turn.started_at) == (second.id, 2, later(2))

    async def test_who_waits_is_listed_in_order_of_arrival(self, ports: LanePorts) -> None:
        accepted = [await accept(ports, f"d{number}") for number in (3, 1, 2)]
        assert [run.delivery for run in await ports.lanes.waiting()] == [one.id for one in accepted]
        await ports.lanes.take_turns(NOON)
        assert await ports.lanes.waiting() == tuple(stage_run(one) for one in accepted[1:])

    async def test_turns_taken_at_once_are_each_given_once(self, ports: LanePorts) -> None:
        for number in range(5):
            await accept(ports, f"d{number}", service=f"s{number}")
        taken = await asyncio.gather(*(ports.lanes.take_turns(NOON) for _ in range(6)))
        assert sorted(turn.delivery for turns in taken for turn in turns) == [f"d{number}" for number in range(5)]

    async def test_the_tokens_of_a_lane_only_rise(self, ports: LanePorts) -> None:
        tokens = []
        for number in range(4):
            await accept(ports, f"d{number}")
            (turn,) = await ports.lanes.take_turns(NOON)
            tokens.append(turn.token)
            await ports.lanes.finish(ended(turn), (), None, None)
        assert tokens == [1, 2, 3, 4]

    async def test_a_lifted_lane_goes_on_above_and_is_never_lowered(self, ports: LanePorts) -> None:
        tokens = []
        for number, lifted in enumerate([7, 3, 9]):
            await ports.lanes.lift(place(), lifted)
            await accept(ports, f"d{number}")
            (turn,) = await ports.lanes.take_turns(NOON)
            tokens.append(turn.token)
            await ports.lanes.finish(ended(turn), (), None, None)
        assert tokens == [8, 9, 10]

    async def test_lifting_leaves_a_turn_that_is_under_way_its_token(self, ports: LanePorts) -> None:
        await accept(ports, "d1")
        (turn,) = await ports.lanes.take_turns(NOON)
        await ports.lanes.lift(place(), 12)
        assert await ports.lanes.running() == (turn,)
        await ports.lanes.finish(ended(turn), (), None, None)

    async def test_a_run_is_queued_once(self, ports: LanePorts) -> None:
        accepted = await accept(ports, "d1")
        again = stage_run(accepted, attempt=2)
        await ports.lanes.queue(again)
        await ports.lanes.queue(again)
        await ports.lanes.queue(replace(stage_run(accepted), queued_at=later(9)))
        assert await ports.deliveries.stage_runs(accepted.id) == (stage_run(accepted), again)

    async def test_a_run_of_no_delivery_is_refused(self, ports: LanePorts) -> None:
        with pytest.raises(NotFoundError, match="d9"):
            await ports.lanes.queue(stage_run(delivery("d9")))

    async def test_finishing_writes_run_events_following_and_delivery_together(self, ports: LanePorts) -> None:
        accepted = await accept(ports, "d1")
        (turn,) = await ports.lanes.take_turns(NOON)
        over = replace(ended(turn), verdict="warning", evaluation="ev1", reason="slow but allowed")
        following = stage_run(accepted, "staging")
        told = replace(accepted, outcome=Outcome.PROMOTED, reason="all through", finished_at=later(5))
        await ports.lanes.finish(over, (event("e2"), event("e3")), following, told)
        assert await ports.deliveries.stage_runs(accepted.id) == (
            replace(over, state=RunState.FINISHED, queued_at=NOON, started_at=NOON),
            following,
        )
        assert [one.id for one in await ports.log.since(0)] == ["e-d1", "e2", "e3"]
        assert await ports.deliveries.delivery(accepted.id) == told
        assert await ports.lanes.running() == ()

    async def test_finishing_twice_is_finishing_once(self, ports: LanePorts) -> None:
        accepted = await accept(ports, "d1")
        (turn,) = await ports.lanes.take_turns(NOON)
        await ports.lanes.finish(ended(turn), (event("e2"),), None, None)
        other = replace(ended(turn), outcome=Outcome.REJECTED, reason="second thoughts")
        await ports.lanes.finish(other, (event("e2"), event("e4")), stage_run(accepted, "staging"), None)
        (stored,) = await ports.deliveries.stage_runs(accepted.id)
        assert (stored.outcome, stored.reason) == (Outcome.PROMOTED, "")
        assert [one.id for one in await ports.log.since(0)] == ["e-d1", "e2"]

    async def test_a_run_with_another_token_may_not_end_the_turn(self, ports: LanePorts) -> None:
        accepted = await accept(ports, "d1")
        (turn,) = await ports.lanes.take_turns(NOON)
        for token in (turn.token - 1, turn.token + 1):
            with pytest.raises(FencedError, match=turn.id):
                await ports.lanes.finish(replace(ended(turn), token=token), (event("e2"),), None, None)
        assert await ports.lanes.running() == (turn,)
        assert [one.id for one in await ports.log.since(0)] == ["e-d1"]
        assert (await ports.deliveries.delivery(accepted.id)).outcome is None

    async def test_an_end_that_names_something_unknown_writes_nothing(self, ports: LanePorts) -> None:
        await accept(ports, "d1")
        (turn,) = await ports.lanes.take_turns(NOON)
        with pytest.raises(NotFoundError, match="d9"):
            await ports.lanes.finish(ended(turn), (event("e2"),), stage_run(delivery("d9"), "staging"), None)
        with pytest.raises(NotFoundError, match="d9"):
            await ports.lanes.finish(ended(turn), (event("e2"),), None, delivery("d9"))
        with pytest.raises(NotFoundError, match="/7"):
            await ports.lanes.finish(replace(ended(turn), attempt=7), (), None, None)
        assert await ports.lanes.running() == (turn,)
        assert [one.id for one in await ports.log.since(0)] == ["e-d1"]

    async def test_only_a_promotion_of_an_artifact_counts_as_one(self, ports: LanePorts) -> None:
        accepted = await accept(ports, "d1")
        (turn,) = await ports.lanes.take_turns(NOON)
        await ports.lanes.finish(replace(ended(turn), outcome=Outcome.REJECTED), (), None, None)
        await ports.lanes.queue(stage_run(accepted, attempt=2, fixed=True))
        (turn,) = await ports.lanes.take_turns(NOON)
        assert turn.fixed
        await ports.lanes.finish(ended(turn), (), None, None)
        assert not await ports.lanes.ever_promoted(place())
        await ports.lanes.queue(stage_run(accepted, attempt=3))
        (turn,) = await ports.lanes.take_turns(NOON)
        await ports.lanes.finish(ended(turn), (), None, None)
        assert await ports.lanes.ever_promoted(place())
        assert not await ports.lanes.ever_promoted(place("staging"))


async def accept(ports: LanePorts, id: str, service: str = "carts") -> Delivery:
    accepted = delivery(id, service)
    return await ports.lanes.accept(event(f"e-{id}", id), accepted, stage_run(accepted))


def ended(turn: StageRun, outcome: Outcome = Outcome.PROMOTED) -> StageRun:
    return replace(turn, state=RunState.FINISHED, finished_at=later(5), outcome=outcome)
