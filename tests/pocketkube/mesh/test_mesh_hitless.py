"""Traffic moves without a failed request, through a real Envoy."""

from typing import Any


async def test_the_gateway_serves_the_colour_that_has_the_weight(served: Any) -> None:
    assert await served.ask() == (200, "blue-1")


async def test_a_flip_there_and_back_under_load_fails_no_request(served: Any) -> None:
    async with served.load() as load:
        for round_ in range(10):
            await load.reaches(200)
            green = 100 * (round_ % 2 == 0)
            served.set_weights(blue=100 - green, green=green)
            await served.is_served()
            colour = "green-1" if green else "blue-1"
            assert {await served.ask() for _ in range(5)} == {(200, colour)}
        await load.reaches(200)
    assert load.failures == []
    assert load.total >= 2000


async def test_pods_replaced_one_after_another_under_load_fail_no_request(served: Any) -> None:
    async with served.load() as load:
        for number in range(1, 8):
            await load.reaches(200)
            await served.replace_pod(f"blue-{number}", f"blue-{number + 1}")
        await load.reaches(200)
    assert load.failures == []
    assert load.answers[(200, "blue-8")] >= 200


async def test_a_slow_request_is_finished_before_its_pod_counts_as_drained(served: Any) -> None:
    async with served.load(path="/slow/300") as load:
        await load.reaches(6)
        await served.replace_pod("blue-1", "blue-2")
        await load.reaches(6)
    assert load.failures == []


async def test_releases_to_pods_that_were_only_just_made_fail_no_request(served: Any) -> None:
    """New pod, weights at once, then the old pod goes: as fast as the mesh lets it."""
    old, idle = "blue-1", "green"
    served.store.delete("Pod", "shop", "green-1")
    async with served.load() as load:
        for number in range(2, 8):
            new = f"{idle}-{number}"
            await served.add_pod(new, idle)
            served.set_weights(**{"blue": 0, "green": 0, idle: 100})
            await served.is_served()
            await served.retire_pod(old)
            old, idle = new, "blue" if idle == "green" else "green"
            await load.reaches(100)
    assert load.failures == []
    assert load.answers[(200, old)] >= 100


async def test_a_mesh_ends_when_it_is_told_to_in_the_very_moment_of_a_change(served: Any) -> None:
    for turns in range(60):
        served.set_weights(blue=turns, green=100 - turns)
        await served.turn_of_the_loop(turns)
        await served.stop_mesh()
        await served.start_mesh()
        await served.is_served()
