"""Manifests in, Envoy's configuration out, as values."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pocketkube.kit.clock import SystemClock
from pocketkube.mesh import clusters
from pocketkube.mesh.admin import EnvoyView
from pocketkube.mesh.compiled import Compiled, compile_routing
from pocketkube.mesh.composition import Places
from pocketkube.mesh.data_plane import DataPlane, Sight
from pocketkube.mesh.files import EnvoyFiles
from pocketkube.mesh.gateway import parse_gateway
from pocketkube.mesh.manifest import RefusedError
from pocketkube.mesh.names import ClusterKey, ServiceRef
from pocketkube.mesh.ownership import share_out
from pocketkube.mesh.plans import ClusterPlan, Endpoint, live_endpoints, wanted_plans
from pocketkube.mesh.pods import MeshPod, parse_pod
from pocketkube.mesh.routes import clusters_named, route_configuration
from pocketkube.mesh.services import listened_port, parse_service
from pocketkube.mesh.snapshot import read_snapshot
from pocketkube.mesh.virtual_service import parse_virtual_service
from pocketkube.objects.store import ObjectStore

BLUE = "outbound|80|blue|carts.shop.svc.cluster.local"
GREEN = "outbound|80|green|carts.shop.svc.cluster.local"
ALL = "outbound|80||carts.shop.svc.cluster.local"
SUBSETS = [{"name": colour, "labels": {"deployment": f"carts-{colour}"}} for colour in ("blue", "green")]
SERVICE = {"selector": {"app": "carts"}, "ports": [{"name": "http", "port": 80, "targetPort": "web"}]}


def made(kind: str, name: str, spec: dict[str, Any], namespace: str = "shop") -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def to(colour: str, weight: int | None = None, host: str = "carts", **destination: Any) -> dict[str, Any]:
    share: dict[str, Any] = {"destination": {"host": host, "subset": colour, **destination}}
    return share if weight is None else {**share, "weight": weight}


def store_with(*objects: dict[str, Any]) -> ObjectStore:
    store = ObjectStore(None, SystemClock())
    store.create(made("Service", "carts", SERVICE))
    store.create(made("DestinationRule", "carts", {"host": "carts", "subsets": SUBSETS}))
    servers = [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*.localhost"]}]
    store.create(made("Gateway", "gw", {"selector": {"istio": "ingressgateway"}, "servers": servers}))
    for obj in objects:
        store.create(obj)
    return store


def compiled(*objects: dict[str, Any], **spec: Any) -> Compiled:
    """The routes of a VirtualService carts beside the objects of `store_with`."""
    spec = {"hosts": ["carts.localhost"], "gateways": ["gw"], **spec}
    snapshot = read_snapshot(store_with(*objects), {})
    return compile_routing(parse_virtual_service(made("VirtualService", "carts", spec)), snapshot.world)


def refusal(*objects: dict[str, Any], **spec: Any) -> str:
    with pytest.raises(RefusedError) as caught:
        compiled(*objects, **spec)
    return str(caught.value)


def pod(name: str, address: str, *, path: str | None = "/health", **labels: str) -> MeshPod:
    probe = {"readinessProbe": {"httpGet": {"path": path, "port": "web"}}} if path else {}
    obj = made("Pod", name, {"containers": [{"ports": [{"name": "web", "containerPort": 8080}], **probe}]})
    obj["metadata"]["labels"] = {"app": "carts", **labels}
    obj["status"] = {"podIP": address, "conditions": [{"type": "Ready", "status": "True"}]}
    return parse_pod(obj)


def plans_for(*pods: MeshPod, previous: dict[str, ClusterPlan] | None = None) -> dict[str, ClusterPlan]:
    return wanted_plans(read_snapshot(store_with(), {}).world, list(pods), previous or {})


def test_weights_become_weighted_clusters_without_a_time_limit() -> None:
    [route] = compiled(http=[{"route": [to("blue", 90), to("green", 10)]}]).gateway_routes
    shares = [{"name": BLUE, "weight": 90}, {"name": GREEN, "weight": 10}]
    assert route == {
        "match": {"prefix": "/"},
        "route": {"timeout": "0s", "weighted_clusters": {"clusters": shares}},
    }


@pytest.mark.parametrize(
    "host",
    ["carts", "carts.shop", "carts.shop.svc", "carts.shop.svc.cluster.local", "CARTS.shop.svc.cluster.local."],
)
def test_a_service_may_be_named_in_every_form(host: str) -> None:
    assert compiled(http=[{"route": [to("blue", host=host)]}]).weights == {BLUE: 100}


def test_a_weight_that_is_left_out_is_nothing_beside_others_and_all_alone() -> None:
    assert compiled(http=[{"route": [to("blue"), to("green", 100)]}]).weights == {BLUE: 0, GREEN: 100}
    assert compiled(http=[{"route": [to("blue")]}]).weights == {BLUE: 100}


@pytest.mark.parametrize("weights", [(50, 40), (0, 0), (100, 1), (-10, 110)])
def test_weights_that_do_not_make_a_hundred_are_refused(weights: tuple[int, int]) -> None:
    text = refusal(http=[{"route": [to("blue", weights[0]), to("green", weights[1])]}])
    assert text.startswith("spec.http[0].route")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"http": [{"route": [to("blue")], "fault": {"delay": {}}}]}, "spec.http[0].fault is not implemented"),
        ({"http": [{"route": [to("blue")], "retries": {"attempts": 3}}]}, "spec.http[0].retries is not implemented"),
        ({"http": [{"redirect": {"uri": "/x"}}]}, "spec.http[0].redirect is not implemented"),
        (
            {"http": [{"match": [{"queryParams": {"a": {}}}], "route": [to("blue")]}]},
            "match[0].queryParams",
        ),
        ({"http": [{"match": [{"uri": {"regex": "a(?=b)"}}], "route": [to("blue")]}]}, "no RE2 expression"),
        ({"http": [{"match": [{"uri": {"regex": "("}}], "route": [to("blue")]}]}, "no regular expression"),
        ({"http": [{"match": [{"uri": {"exact": "/", "prefix": "/"}}], "route": [to("blue")]}]}, "one of exact"),
        ({"http": [{"route": [to("blue", labels={"a": "b"})]}]}, "destination.labels is not implemented"),
        ({"http": [{"route": [to("red")]}]}, "known: blue, green"),
        ({"http": [{"route": [to("blue", host="cart")]}]}, "no Service cart"),
        ({"http": [{"route": [to("blue", port={"number": 81})]}]}, "no port 81; it has 80"),
        ({"http": [{"route": [to("blue")], "timeout": "soon"}]}, "spec.http[0].timeout is 'soon'"),
        ({"http": [{"route": []}]}, "there is no destination"),
        ({"http": []}, "there is no route"),
        ({"tls": [{}], "http": [{"route": [to("blue")]}]}, "spec.tls is not implemented"),
        ({"gateways": ["other"], "http": [{"route": [to("blue")]}]}, "no Gateway shop/other"),
        ({"hosts": ["carts.example.org"], "http": [{"route": [to("blue")]}]}, "none of carts.example.org is let in"),
        ({"hosts": ["carts..*"], "http": [{"route": [to("blue")]}]}, "spec.hosts"),
    ],
)
def test_what_cannot_be_served_is_named(spec: dict[str, Any], words: str) -> None:
    assert words in refusal(**spec)


def test_matches_become_routes_in_their_order() -> None:
    rules = [
        {
            "match": [
                {"uri": {"prefix": "/a"}, "ignoreUriCase": True, "headers": {"X-Color": {"prefix": "gr"}}},
                {"uri": {"regex": "/b.*"}, "method": {"exact": "POST"}},
            ],
            "route": [to("green")],
            "timeout": "1m500ms",
        },
        {"route": [to("blue")]},
    ]
    first, second, third = compiled(http=rules).gateway_routes
    assert first["match"] == {
        "prefix": "/a",
        "case_sensitive": False,
        "headers": [{"name": "x-color", "string_match": {"prefix": "gr"}}],
    }
    assert second["match"] == {
        "safe_regex": {"regex": "/b.*"},
        "headers": [{"name": ":method", "string_match": {"exact": "POST"}}],
    }
    assert (first["route"], third["route"]["cluster"]) == ({"timeout": "60.500s", "cluster": GREEN}, BLUE)


def test_a_mirror_is_known_as_a_cluster_without_weight() -> None:
    rule = {"route": [to("blue")], "mirror": {"host": "carts", "subset": "green"}, "mirrorPercentage": {"value": 12.5}}
    found = compiled(http=[rule])
    [policy] = found.gateway_routes[0]["route"]["request_mirror_policies"]
    assert policy["runtime_fraction"]["default_value"] == {"numerator": 125_000, "denominator": "MILLION"}
    assert found.weights == {BLUE: 100, GREEN: 0}
    assert clusters_named(found.gateway_routes) == {BLUE, GREEN}


def test_without_gateways_the_routes_are_for_calls_inside_only() -> None:
    found = compiled(hosts=["carts"], gateways=[], http=[{"route": [to("blue")]}])
    assert found.hosts == ()
    assert list(found.http) == ["shop_carts_80"]


def test_a_tcp_port_takes_the_shares_of_the_first_route_that_asks_for_nothing() -> None:
    spec = {"selector": {"app": "db"}, "ports": [{"name": "mongo", "port": 27017}]}
    subsets = {"host": "db", "subsets": SUBSETS}
    special = {"match": [{"uri": {"prefix": "/"}}], "route": [to("green", host="db")]}
    plain = {"route": [to("blue", 100, host="db"), to("green", 0, host="db")]}
    found = compiled(
        made("Service", "db", spec),
        made("DestinationRule", "db", subsets),
        hosts=["db"],
        gateways=["mesh"],
        http=[special, plain],
    )
    assert found.tcp == {
        "shop_db_27017": [{"name": "outbound|27017|blue|db.shop.svc.cluster.local", "weight": 100}],
    }


def test_a_host_is_the_first_ones_and_a_loss_is_known() -> None:
    first = compiled(hosts=["a.localhost"], http=[{"route": [to("blue")]}])
    second = compiled(hosts=["b.localhost", "a.localhost"], http=[{"route": [to("green")]}])
    shared = share_out([("shop/first", first), ("shop/second", second)])
    assert shared.hosts == {"a.localhost": "shop/first", "b.localhost": "shop/second"}
    assert shared.losses == {"shop/second": [("a.localhost", "shop/first")]}


def test_any_other_host_is_answered_404_unless_somebody_takes_them_all() -> None:
    routes = compiled(http=[{"route": [to("blue")]}]).gateway_routes
    *_, last = route_configuration("gateway", [(["a"], routes)])["virtual_hosts"]
    assert (last["domains"], last["routes"][0]["direct_response"]["status"]) == (["*"], 404)
    everything = route_configuration("gateway", [(["*"], routes)])
    assert [host["domains"] for host in everything["virtual_hosts"]] == [["*"]]
    assert everything["ignore_port_in_host_matching"]


def test_every_port_and_subset_of_a_service_is_a_cluster() -> None:
    assert set(plans_for()) == {ALL, BLUE, GREEN}


def test_a_cluster_keeps_the_rules_learnt_the_hard_way() -> None:
    found = clusters.cluster(plans_for(pod("a", "127.9.0.1", deployment="carts-blue"))[BLUE], "/eds.json")
    assert found["common_lb_config"] == {"healthy_panic_threshold": {"value": 0}, "update_merge_window": "0s"}
    assert found["ignore_health_on_host_removal"]
    assert found["alt_stat_name"] == "shop|carts|blue"
    [check] = found["health_checks"]
    assert (check["http_health_check"]["path"], check["http_health_check"]["host"]) == ("/health", "carts")
    assert "outlier_detection" not in found


def test_endpoints_are_the_ready_pods_of_the_subset_at_their_named_port() -> None:
    pods = [pod("a", "127.9.0.1", deployment="carts-blue"), pod("b", "127.9.0.2", deployment="carts-green")]
    plans = plans_for(*pods)
    assert [each.place for each in live_endpoints(plans[BLUE], pods)] == ["127.9.0.1:8080"]
    assert [each.place for each in live_endpoints(plans[ALL], pods)] == ["127.9.0.1:8080", "127.9.0.2:8080"]


def test_endpoints_are_read_back_as_they_were_written() -> None:
    members = [Endpoint("127.9.0.1", 80, 8081), Endpoint("127.9.0.2", 80, 80, is_draining=True)]
    assert clusters.endpoints_in(clusters.endpoints(BLUE, members)) == members


def test_pods_that_are_asked_differently_are_only_connected_to() -> None:
    first, second = (
        pod("a", "127.9.0.1", deployment="carts-blue"),
        pod("b", "127.9.0.2", path=None, deployment="carts-blue"),
    )
    before = plans_for(first)
    assert before[BLUE].check_path == "/health"
    assert plans_for(first, second, previous=before)[BLUE].check_path is None
    assert plans_for(previous=before)[BLUE].check_path == "/health"


@pytest.mark.parametrize(
    ("port", "is_http"),
    [
        ({"name": "http"}, True),
        ({"name": "http-web"}, True),
        ({"name": "grpc"}, True),
        ({"name": "https"}, False),
        ({"name": "mongo"}, False),
        ({}, False),
        ({"name": "mongo", "appProtocol": "http"}, True),
        ({"name": "http", "appProtocol": "tcp"}, False),
    ],
)
def test_a_port_is_http_if_its_protocol_or_name_says_so(port: dict[str, Any], is_http: bool) -> None:
    service = parse_service(made("Service", "carts", {"selector": {"a": "b"}, "ports": [{"port": 80, **port}]}))
    assert service is not None
    assert service.ports[0].is_http is is_http


def test_a_port_that_may_not_be_bound_is_listened_on_ten_thousand_higher() -> None:
    assert [listened_port(80, 1024), listened_port(1024, 1024), listened_port(80, 1)] == [10_080, 1024, 80]


def test_a_gateway_lets_in_what_its_hosts_say() -> None:
    servers = [{"port": {"number": 80, "protocol": "HTTP"}, "hosts": ["*.localhost", "./own.example", "far/b.example"]}]
    gateway = parse_gateway(made("Gateway", "gw", {"selector": {"istio": "ingressgateway"}, "servers": servers}))
    assert gateway.lets_in("carts.shop.localhost", "any")
    assert gateway.lets_in("own.example", "shop")
    assert not gateway.lets_in("own.example", "other")
    assert gateway.lets_in("b.example", "far")
    assert not gateway.lets_in("localhost", "shop")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"selector": {"istio": "egressgateway"}}, "istio: ingressgateway"),
        ({"servers": [{"port": {"number": 443, "protocol": "HTTPS"}}]}, "HTTPS 443"),
        ({"servers": [{"port": {"number": 80, "protocol": "HTTP"}, "tls": {"mode": "SIMPLE"}}]}, "servers[0].tls"),
    ],
)
def test_a_gateway_that_is_not_ours_to_serve_is_refused(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(RefusedError) as caught:
        parse_gateway(made("Gateway", "gw", {"selector": {"istio": "ingressgateway"}, **spec}))
    assert words in str(caught.value)


def test_a_rule_that_cannot_be_served_leaves_the_one_before_in_force() -> None:
    store = store_with()
    rules = read_snapshot(store, {}).rules
    edit = {"subsets": [], "trafficPolicy": {"tls": {}}}
    store.change("DestinationRule", "shop", "carts", lambda obj: obj["spec"].update(edit))
    snapshot = read_snapshot(store, rules)
    assert set(snapshot.world.subsets[ServiceRef("shop", "carts")]) == {"blue", "green"}
    [text] = [str(error) for _, error in snapshot.verdicts if error]
    assert "spec.trafficPolicy is not implemented" in text


def test_the_names_of_clusters_are_istios_and_those_of_files_are_unique() -> None:
    key = ClusterKey(ServiceRef("shop", "carts"), 80, "blue")
    assert (key.name, key.stem) == (BLUE, "shop_carts_80_blue")


def test_routes_are_held_back_until_envoy_knows_their_clusters(tmp_path: Path) -> None:
    world = read_snapshot(store_with(), {}).world
    services = [replace(service, address="127.9.0.9") for service in world.services.values()]
    plane = DataPlane(EnvoyFiles(tmp_path))
    for hosts, held in (({}, {"rds/shop_carts_80"}), ({ALL: {}}, set())):
        view = EnvoyView(hosts, versions={}, refusals={}, listeners=frozenset(), listener_errors={})
        plane.put_routes({}, share_out([]), services, Places({"gateway": ("127.0.0.1", 1)}, 1), Sight(view))
        assert plane.held == held
    assert [path.name for path in sorted((tmp_path / "rds").iterdir())] == ["gateway.json", "shop_carts_80.json"]
