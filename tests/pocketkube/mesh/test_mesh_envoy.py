"""What users of a real Envoy see: hosts, Services, refusals, restarts."""

import asyncio
import json
import os
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from pocketkube.mesh.bootstrap import envoy_command
from pocketkube.mesh.service_env import service_environment

CARTS = {"destination": {"host": "carts"}}


def blue(weight: int = 100) -> dict[str, Any]:
    return {"destination": {"host": "carts", "subset": "blue"}, "weight": weight}


def green(weight: int = 100) -> dict[str, Any]:
    return {"destination": {"host": "carts", "subset": "green"}, "weight": weight}


def files_of(data: Path) -> dict[str, int]:
    """Each file that Envoy reads, by inode: a file written anew has another one."""
    folder = data / "envoy"
    return {str(path): path.stat().st_ino for path in folder.rglob("*.json") if path.name != "served.json"}


async def test_a_host_that_nobody_names_is_answered_with_404(served: Any) -> None:
    status, text = await served.ask("other.localhost")
    assert status == 404
    assert "No VirtualService" in text


async def test_the_port_in_a_host_header_is_of_no_account(served: Any) -> None:
    assert await served.ask("carts.shop.localhost:31380") == (200, "blue-1")


async def test_a_host_belongs_to_the_oldest_that_names_it_and_the_other_keeps_its_own(
    served: Any, eventually: Any
) -> None:
    served.add_routes("later", ["carts.shop.localhost", "other.localhost"], [{"route": [green()]}], gateways=["gw"])
    await served.is_served("later")
    assert await served.ask() == (200, "blue-1")
    assert await served.ask("other.localhost") == (200, "green-1")
    assert any("carts.shop.localhost" in text and "shop/carts" in text for text in served.warnings("later"))
    served.store.delete("VirtualService", "shop", "carts")

    async def is_inherited() -> bool:
        return bool(await served.ask() == (200, "green-1"))

    await eventually(is_inherited, "the host goes to the next")


async def test_what_is_not_implemented_is_named_and_the_routes_before_stay(served: Any) -> None:
    served.set_spec("VirtualService", "carts", http=[{"route": [green()], "fault": {"abort": {"httpStatus": 500}}}])
    condition = await served.is_refused()
    assert "spec.http[0].fault is not implemented" in condition["message"]
    assert any("spec.http[0].fault" in text for text in served.warnings("carts"))
    assert await served.ask() == (200, "blue-1")
    served.set_weights(blue=0, green=100)
    await served.is_served()
    assert await served.ask() == (200, "green-1")


async def test_what_envoy_itself_refuses_is_taken_back_and_blocks_nobody(served: Any) -> None:
    """Python knows this expression and RE2 does not."""
    served.set_spec(
        "VirtualService", "carts", http=[{"match": [{"uri": {"regex": "(?s:.)(?a:x)"}}], "route": [green()]}]
    )
    condition = await served.is_refused()
    assert condition["reason"] == "RefusedByEnvoy"
    assert await served.ask() == (200, "blue-1")
    served.add_routes("next", ["next.localhost"], [{"route": [green()]}])
    await served.is_served("next")
    assert await served.ask("next.localhost") == (200, "green-1")


async def test_of_several_refused_together_only_the_one_at_fault_is_refused_in_the_end(served: Any) -> None:
    match = {"uri": {"regex": "(?s:.)(?a:x)"}}
    served.add_routes("bad", ["bad.localhost"], [{"match": [match], "route": [green()]}])
    served.add_routes("good", ["good.localhost"], [{"route": [green()]}])
    await served.is_served("good")
    assert (await served.is_refused("bad"))["reason"] == "RefusedByEnvoy"
    assert await served.ask("good.localhost") == (200, "green-1")


async def test_a_service_that_goes_leaves_nothing_behind(served: Any, eventually: Any) -> None:
    served.add_service("other", {"name": "http", "port": 80})
    rest = served.data / "envoy"
    await eventually(lambda: list(rest.rglob("shop_other_*")), "its files are there")
    served.store.delete("Service", "shop", "other")
    await eventually(lambda: not list(rest.rglob("shop_other_*")), "its files are gone")
    assert "other.shop" not in (rest / "cds.json").read_text() + (rest / "lds.json").read_text()


async def test_a_port_that_is_not_tcp_is_told_and_the_others_serve(served: Any, eventually: Any) -> None:
    served.add_service("dns", {"name": "udp", "port": 53, "protocol": "UDP"}, {"name": "tcp", "port": 53})
    await eventually(lambda: any("53/UDP" in text for text in served.warnings("dns")), "it is told")
    await eventually(lambda: list((served.data / "envoy/eds").glob("shop_dns_53_*")), "the other port is served")


async def test_weight_is_not_given_to_a_colour_that_envoy_finds_dead(served: Any, eventually: Any) -> None:
    await served.upstreams["green-1"].stop()

    def is_noticed() -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{served.admin_port}/clusters") as answer:
            return "failed_active_hc" in answer.read().decode()

    await eventually(lambda: asyncio.to_thread(is_noticed), "Envoy finds green dead")
    served.set_weights(blue=0, green=100)
    async with served.load() as load:
        condition = await served.is_refused()
    assert condition["reason"] == "WaitingForEndpoints"
    assert "green" in condition["message"]
    assert load.failures == []
    assert {body for _, body in load.answers} == {"blue-1"}
    await served.replace_pod("green-1", "green-2", "green")
    await served.is_served()
    assert await served.ask() == (200, "green-2")


async def test_a_subset_that_is_taken_away_is_served_while_routes_name_it(served: Any) -> None:
    subsets = [{"name": "green", "labels": {"deployment": "carts-green"}}]
    async with served.load() as load:
        served.set_spec("DestinationRule", "carts", subsets=subsets)
        condition = await served.is_refused()
        await load.reaches(300)
        await served.replace_pod("blue-1", "blue-2")
        served.set_spec("VirtualService", "carts", http=[{"route": [green()]}])
        await served.is_served()
        await load.reaches(300)
    assert condition["reason"] == "NoSubset"
    assert load.failures == []


async def test_a_cluster_goes_when_neither_routes_nor_objects_name_it(served: Any, eventually: Any) -> None:
    cds = served.data / "envoy/cds.json"
    served.set_spec("VirtualService", "carts", http=[{"route": [green()]}])
    served.set_spec("DestinationRule", "carts", subsets=[{"name": "green", "labels": {"deployment": "carts-green"}}])
    await eventually(lambda: "|blue|" not in cds.read_text(), "the cluster is gone")
    await eventually(lambda: not list((served.data / "envoy/eds").glob("*_blue.json")), "and its endpoints")
    assert await served.ask() == (200, "green-1")


async def test_envoy_killed_and_started_again_serves_the_same_routes(served: Any, eventually: Any) -> None:
    served.set_weights(blue=0, green=100)
    await served.is_served()
    await served.stop_mesh()
    await served.kill_envoy()
    await served.start_envoy()

    async def answers() -> bool:
        return bool((await served.ask())[0] == 200)

    await eventually(answers, "Envoy serves again, from its files alone")
    assert {await served.ask() for _ in range(10)} == {(200, "green-1")}


async def test_a_mesh_that_comes_back_touches_no_file_until_something_differs(served: Any, eventually: Any) -> None:
    served.set_weights(blue=30, green=70)
    await served.is_served()
    before = files_of(served.data)
    async with served.load() as load:
        await served.stop_mesh()
        await load.reaches(300)
        await served.start_mesh()
        served.add_routes("next", ["next.localhost"], [{"route": [green()]}], gateways=["gw"])
        await served.is_served("next")
        await load.reaches(300)
    assert load.failures == []
    changed = {Path(name).name for name, inode in files_of(served.data).items() if before.get(name) != inode}
    assert changed == {"gateway.json"}


async def test_what_was_refused_before_a_restart_leaves_the_old_routes_after_it(served: Any) -> None:
    served.set_spec("VirtualService", "carts", http=[{"route": [green(50)]}])
    await served.is_refused()
    await served.stop_mesh()
    await served.start_mesh()
    served.add_routes("next", ["next.localhost"], [{"route": [green()]}])
    await served.is_served("next")
    assert await served.ask() == (200, "blue-1")


async def test_a_service_without_routes_reaches_all_its_ready_pods(served: Any, eventually: Any) -> None:
    served.store.delete("VirtualService", "shop", "carts")
    host, port = address_of(served, "CARTS")

    async def who() -> bool:
        return {await served.ask_at(host, port) for _ in range(20)} == {(200, "blue-1"), (200, "green-1")}

    await eventually(who, "both colours answer")


async def test_a_call_to_a_service_follows_the_routes_that_name_it(served: Any, eventually: Any) -> None:
    host, port = address_of(served, "CARTS")

    async def answers() -> bool:
        return bool((await served.ask_at(host, port))[0] == 200)

    await eventually(answers, "the Service is listened on")
    assert {await served.ask_at(host, port) for _ in range(20)} == {(200, "blue-1")}
    served.set_weights(blue=0, green=100)
    await served.is_served()
    assert {await served.ask_at(host, port) for _ in range(20)} == {(200, "green-1")}


async def test_a_tcp_port_follows_the_weights_of_the_first_route(installation: Any, eventually: Any) -> None:
    await installation.start_envoy()
    installation.add_service("db", {"port": 27017})
    await eventually(lambda: service_environment(installation.store, "shop"), "the Service has an address")
    for colour in ("blue", "green"):
        await installation.add_pod(f"db-{colour}", colour, app="db", port=27017, http=False)
    subsets = [{"name": colour, "labels": {"deployment": f"db-{colour}"}} for colour in ("blue", "green")]
    installation.add("DestinationRule", "db", {"host": "db", "subsets": subsets})
    host, port = address_of(installation, "DB")

    async def line() -> str:
        try:
            reader, writer = await asyncio.open_connection(host, port)
        except OSError:
            return ""
        text = (await reader.readline()).decode().strip()
        writer.close()
        return text

    await eventually(line, "the Service is listened on")
    assert {await line() for _ in range(40)} == {"db-blue", "db-green"}
    for weights, expected in (((100, 0), {"db-blue"}), ((0, 100), {"db-green"})):
        route = [
            {"destination": {"host": "db", "subset": colour}, "weight": weight}
            for colour, weight in zip(("blue", "green"), weights, strict=True)
        ]
        if weights == (100, 0):
            installation.add("VirtualService", "db", {"hosts": ["db"], "http": [{"route": route}]})
        else:
            installation.set_spec("VirtualService", "db", http=[{"route": route}])
        await installation.is_served("db")
        assert {await line() for _ in range(20)} == expected


async def test_another_selector_of_a_service_moves_its_traffic_without_a_failure(served: Any, eventually: Any) -> None:
    served.set_spec("VirtualService", "carts", http=[{"route": [CARTS]}])
    await served.is_served()
    served.set_spec("Service", "carts", selector={"deployment": "carts-blue"})
    async with served.load() as load:
        await load.reaches(200)
        await served.add_pod("green-2", "green")
        served.set_spec("Service", "carts", selector={"deployment": "carts-green"})

        async def is_moved() -> bool:
            return "blue" not in {(await served.ask())[1][:4] for _ in range(10)}

        await eventually(is_moved, "green answers")
        await load.reaches(200)
    assert load.failures == []


async def test_a_request_goes_by_headers_path_and_method(served: Any) -> None:
    served.set_spec(
        "VirtualService",
        "carts",
        http=[
            {"match": [{"headers": {"x-color": {"exact": "green"}}}, {"uri": {"prefix": "/g/"}}], "route": [green()]},
            {"match": [{"uri": {"exact": "/old"}}], "rewrite": {"uri": "/headers"}, "route": [blue()],
             "headers": {"request": {"set": {"x-share": "50%"}}}},
            {"match": [{"method": {"regex": "P(OST|UT)"}}], "route": [green()]},
            {"route": [blue()]},
        ],
    )  # fmt: skip
    await served.is_served()
    assert await served.ask() == (200, "blue-1")
    assert await served.ask(x_color="green") == (200, "green-1")
    assert await served.ask(path="/g/1") == (200, "green-1")
    _, sent = await served.ask(path="/old")
    assert sent.startswith("GET /headers ")
    assert "x-share: 50%" in sent


async def test_shares_follow_the_weights(served: Any) -> None:
    served.set_weights(blue=80, green=20)
    await served.is_served()
    answers = Counter([body for _, body in [await served.ask() for _ in range(500)]])
    assert 40 <= answers["green-1"] <= 180


async def test_a_mirror_gets_a_copy_and_answers_nobody(served: Any, eventually: Any) -> None:
    mirror = {"host": "carts", "subset": "green"}
    served.set_spec("VirtualService", "carts", http=[{"route": [blue()], "mirror": mirror}])
    await served.is_served()
    assert {await served.ask() for _ in range(20)} == {(200, "blue-1")}
    await eventually(lambda: served.upstreams["green-1"].asked >= 20, "the copies arrive")


async def test_an_answer_that_takes_longer_than_the_timeout_is_cut_and_none_else(served: Any) -> None:
    served.set_spec("VirtualService", "carts", http=[{"route": [blue()], "timeout": "200ms"}])
    await served.is_served()
    assert (await served.ask(path="/slow/2000"))[0] == 504
    assert (await served.ask(path="/"))[0] == 200


async def test_the_gateway_is_found_as_a_service(served: Any) -> None:
    service = served.store.get("Service", "istio-system", "istio-ingressgateway")
    [port] = service["spec"]["ports"]
    assert (service["spec"]["type"], port["port"], port["nodePort"]) == ("LoadBalancer", 80, served.gateway_port)
    assert service["status"]["loadBalancer"]["ingress"] == [{"ip": "127.0.0.1"}]


async def test_the_gateway_keeps_its_port_when_the_mesh_comes_back(served: Any) -> None:
    before = served.gateway_port
    await served.stop_mesh()
    await served.start_mesh()
    assert served.gateway_port == before


async def test_numbers_of_a_subset_are_told_apart_in_envoys_statistics(served: Any, eventually: Any) -> None:
    def metrics() -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{served.admin_port}/stats/prometheus") as answer:
            text = answer.read().decode()
        return any(
            line.startswith("envoy_cluster_upstream_rq_total{")
            and all(part in line for part in ('namespace="shop"', 'service="carts"', 'subset="blue"'))
            for line in text.splitlines()
        )

    await served.ask()
    await eventually(lambda: asyncio.to_thread(metrics), "the subset's counter appears")


async def test_a_pod_that_no_service_selects_counts_as_drained_at_once(served: Any, eventually: Any) -> None:
    await served.add_pod("job-1", app="job")
    served.store.delete("Pod", "shop", "job-1")
    await eventually(lambda: served.is_marked("job-1", "drained"), "it is drained")
    assert not served.is_marked("job-1", "in-mesh")


async def test_without_an_envoy_pods_drain_and_routes_wait(installation: Any, eventually: Any) -> None:
    installation.add_blue_green()
    await installation.add_pod("blue-1")
    assert (await installation.is_refused())["reason"] == "WaitingForEndpoints"
    await installation.add_pod("blue-2")
    installation.store.delete("Pod", "shop", "blue-2")
    await eventually(lambda: installation.is_marked("blue-2", "drained"), "it is drained")
    await installation.start_envoy()
    await installation.is_served()
    assert await installation.ask() == (200, "blue-1")


async def test_a_port_that_is_taken_is_told_and_tried_again(served: Any, eventually: Any) -> None:
    address = served.addresses.service("shop", "taken")
    squatter = await asyncio.start_server(lambda _, writer: writer.close(), address, 8080)
    served.add_service("taken", {"name": "http", "port": 8080})
    await eventually(lambda: any("in use" in text for text in served.warnings("taken")), "it is told")
    squatter.close()
    await squatter.wait_closed()
    await served.add_pod("taken-1", app="taken")

    async def answers() -> bool:
        return bool(await served.ask_at(address, 8080) == (200, "taken-1"))

    await eventually(answers, "it is listened on in the end")


def address_of(installation: Any, service: str) -> tuple[str, int]:
    """Where pods are told that a Service listens."""
    environment = service_environment(installation.store, "shop")
    return environment[f"{service}_SERVICE_HOST"], int(environment[f"{service}_SERVICE_PORT"])


def test_envoy_can_be_started_before_anything_else_was_written(tmp_path: Path) -> None:
    command = envoy_command(tmp_path)
    assert Path(command[0]).name == "envoy"
    assert os.access(command[0], os.X_OK)
    for name in ("lds", "cds"):
        assert json.loads((tmp_path / f"envoy/{name}.json").read_text())["resources"] == []
    before = (tmp_path / "envoy/admin.json").read_text()
    assert envoy_command(tmp_path) == command
    assert (tmp_path / "envoy/admin.json").read_text() == before
