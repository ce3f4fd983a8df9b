"""Every answer of the API that is no success leaves as a decision: try again, or stop and show."""

import json
import shlex
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from lockgate.cluster.kubernetes import KubernetesCluster
from lockgate.cluster.ownership import way_out
from lockgate.cluster.rest import Rest
from lockgate.domain.errors import ConflictError, FencedError, InvalidError, PermanentError, TransientError
from lockgate.domain.manifest import Ref
from lockgate.ports.cluster import NotYet, Ready
from lockgate.testing.contracts.cluster import config

ONE = Ref("ConfigMap", "shop-dev", "one")
Answer = Callable[[httpx2.Request], httpx2.Response]


def cluster(answer: Answer, settle_seconds: float = 0.0) -> KubernetesCluster:
    http = httpx2.AsyncClient(base_url="https://api", transport=httpx2.MockTransport(answer))
    return KubernetesCluster(Rest(http), settle_seconds=settle_seconds)


def refusing(code: int, message: str = "no", **more: Any) -> Answer:
    status = {"kind": "Status", "code": code, "message": message, **more}
    return lambda request: httpx2.Response(code, json=status)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusing(400), InvalidError),
        (refusing(422), InvalidError),
        (refusing(401), PermanentError),
        (refusing(403), PermanentError),
        (refusing(429), TransientError),
        (refusing(500), TransientError),
        (refusing(503), TransientError),
        (refusing(403, details={"causes": [{"reason": "NamespaceTerminating"}]}), TransientError),
        (lambda request: httpx2.Response(502, text="bad gateway"), TransientError),
        (lambda request: httpx2.Response(200, text="<html>"), PermanentError),
    ],
)
async def test_a_refusal_becomes_a_decision_that_names_the_object(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error, match="configmap one in shop-dev") as raised:
        await cluster(answer).apply([config("shop-dev", "one", a="b")], fence=None)
    assert type(raised.value) is error


async def test_an_api_that_is_away_is_transient() -> None:
    def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("connection refused", request=request)

    with pytest.raises(TransientError, match="connection refused"):
        await cluster(away).read(ONE)


async def test_a_conflict_of_managers_names_field_and_manager_and_the_way_out() -> None:
    cause = {"reason": "FieldManagerConflict", "field": ".data.a", "message": 'conflict with "kubectl-edit" using v1'}
    managers = [{"manager": "lockgate"}, {"manager": "kubectl-edit"}]
    refused = refusing(409, details={"causes": [cause]})

    def answer(request: httpx2.Request) -> httpx2.Response:
        one = {**held("1"), "metadata": {**held("1")["metadata"], "managedFields": managers}}
        return httpx2.Response(200, json=one) if request.method == "GET" else refused(request)

    with pytest.raises(ConflictError) as raised:
        await cluster(answer).apply([config("shop-dev", "one", a="b")], fence=None)
    assert '.data.a: conflict with "kubectl-edit"' in str(raised.value)
    assert "kubectl patch configmap one -n shop-dev" in str(raised.value)
    assert '{"op": "remove", "path": "/metadata/managedFields/1"}' in str(raised.value)


async def test_a_kind_that_is_not_served_is_named_with_its_group() -> None:
    route = {"kind": "VirtualService", "metadata": {"name": "r", "namespace": "shop-dev"}}
    with pytest.raises(PermanentError, match=r"virtualservices of networking\.istio\.io/v1beta1"):
        await cluster(lambda request: httpx2.Response(404, text="404 page not found")).apply([route], fence=None)


class Server:
    """One object behind the API: *meddle* is called between a read and the write that follows, so many times."""

    def __init__(self, held: dict[str, Any], meddle: Callable[[dict[str, Any]], None], times: int) -> None:
        self.held, self._meddle, self._times = held, meddle, times
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if request.method == "GET":
            answer = httpx2.Response(200, json=self.held)
            if self._times:
                self._times -= 1
                self._meddle(self.held["metadata"])
            return answer
        sent = json.loads(request.content)
        version = (sent.get("preconditions") or sent.get("metadata"))["resourceVersion"]
        if version != self.held["metadata"]["resourceVersion"]:
            return httpx2.Response(409, json={"reason": "Conflict", "message": "the object has been modified"})
        self.held = {**self.held, **sent}
        return httpx2.Response(200, json=self.held)


def held(fence: str) -> dict[str, Any]:
    manifest = config("shop-dev", "one", a="old")
    manifest["metadata"] |= {"uid": "u", "resourceVersion": "1", "annotations": {"lockgate.dev/fence": fence}}
    return manifest


def touched(metadata: dict[str, Any]) -> None:
    metadata["resourceVersion"] += "1"


def overtaken(metadata: dict[str, Any]) -> None:
    touched(metadata)
    metadata["annotations"]["lockgate.dev/fence"] = "9"


async def test_an_object_that_changed_under_the_write_is_read_again() -> None:
    server = Server(held("4"), touched, times=3)
    await cluster(server).apply([config("shop-dev", "one", a="new")], fence=5)
    assert server.held["data"] == {"a": "new"}
    assert [request.method for request in server.requests] == ["GET", "PATCH"] * 4


async def test_a_turn_that_is_overtaken_between_read_and_write_writes_nothing() -> None:
    server = Server(held("4"), overtaken, times=1)
    with pytest.raises(FencedError):
        await cluster(server).apply([config("shop-dev", "one", a="new")], fence=5)
    assert server.held["data"] == {"a": "old"}


async def test_a_turn_that_is_overtaken_between_read_and_removal_removes_nothing() -> None:
    server = Server(held("4"), overtaken, times=1)
    with pytest.raises(FencedError):
        await cluster(server).remove([ONE], fence=5)
    assert [request.method for request in server.requests] == ["GET", "DELETE", "GET"]


async def test_a_removal_names_the_very_version_that_was_read() -> None:
    server = Server(held("4"), touched, times=0)
    await cluster(server).remove([ONE], fence=5)
    assert json.loads(server.requests[-1].content)["preconditions"] == {"uid": "u", "resourceVersion": "1"}


def test_owners_are_taken_out_from_behind_and_only_when_they_are_still_there() -> None:
    entries = [{"manager": name} for name in ("a", "lockgate", "b", "c")]
    command = way_out(ONE, {"metadata": {"managedFields": entries}}, ["a", "b"])
    assert json.loads(shlex.split(command)[-1]) == [
        {"op": "test", "path": "/metadata/managedFields/2/manager", "value": "b"},
        {"op": "remove", "path": "/metadata/managedFields/2"},
        {"op": "test", "path": "/metadata/managedFields/0/manager", "value": "a"},
        {"op": "remove", "path": "/metadata/managedFields/0"},
    ]


async def test_an_object_that_never_holds_still_is_transient() -> None:
    with pytest.raises(TransientError, match="changed 10 times"):
        await cluster(Server(held("4"), touched, times=99)).apply([config("shop-dev", "one", a="new")], fence=5)


async def test_a_fence_that_nobody_can_read_stops_the_write() -> None:
    with pytest.raises(ConflictError, match=r"kubectl annotate configmap one -n shop-dev lockgate\.dev/fence-"):
        await cluster(Server(held("soon"), touched, times=0)).apply([config("shop-dev", "one", a="new")], fence=5)


async def test_apply_is_server_side_by_one_manager_and_never_forced() -> None:
    server = Server(held("4"), touched, times=0)
    await cluster(server).apply([config("shop-dev", "one", a="new")], fence=5)
    patch = server.requests[-1]
    assert patch.url.path == "/api/v1/namespaces/shop-dev/configmaps/one"
    assert dict(patch.url.params) == {"fieldManager": "lockgate", "fieldValidation": "Strict"}
    assert patch.headers["Content-Type"] == "application/apply-patch+yaml"


async def test_routes_that_nobody_reports_on_are_given_a_moment() -> None:
    route = {"kind": "VirtualService", "metadata": {"name": "r", "namespace": "n", "generation": 1}, "spec": {}}
    ref = Ref("VirtualService", "n", "r")
    patient, hasty = (
        cluster(lambda request: httpx2.Response(200, json=route), 3600.0),
        cluster(lambda request: httpx2.Response(200, json=route), 0.0),
    )
    await patient.apply([route], fence=None)
    assert isinstance(await patient.readiness([ref]), NotYet)
    await hasty.apply([route], fence=None)
    assert await hasty.readiness([ref]) == Ready()
