"""The door: token, hosts, origins, certificates; and what the door is there for."""

import ssl
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from pocketkube.api.access import token_in
from pocketkube.api.certificates import certificates_in
from pocketkube.kit.clock import SystemClock


async def get(live: Any, path: str, token: str | None = None, **headers: str) -> httpx.Response:
    trusted = ssl.create_default_context(cafile=str(live.folder / "ca.crt"))
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(base_url=live.address, verify=trusted, timeout=60) as session:
        return await session.get(path, headers=headers)


def token_of(live: Any) -> str:
    return str((live.folder / "token").read_text().strip())


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/version"])
async def test_health_and_version_need_no_token(live: Any, path: str) -> None:
    assert (await get(live, path)).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api", "/apis", "/openapi/v3", "/api/v1/pods", "/sd/pods", "/nothing"])
@pytest.mark.parametrize("token", [None, "wrong"])
async def test_everything_else_does(live: Any, path: str, token: str | None) -> None:
    answer = await get(live, path, token)

    assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized")


async def test_a_foreign_host_is_refused_even_with_the_token(live: Any) -> None:
    answer = await get(live, "/api/v1/pods", token_of(live), Host="rebound.example")

    assert answer.status_code == 421
    assert "this server is not 'rebound.example'" in answer.json()["message"]


async def test_a_request_from_a_foreign_page_is_refused_even_with_the_token(live: Any) -> None:
    assert (await get(live, "/api/v1/pods", token_of(live), Origin="https://evil.example")).status_code == 403
    assert (await get(live, "/api/v1/pods", token_of(live), Origin=live.address)).status_code == 200


async def test_what_is_not_served_is_a_status_object(live: Any) -> None:
    for path in (
        "/api/v1/nodes",
        "/apis/extensions/v1beta1/deployments",
        "/nothing",
        "/api/v1/namespaces/dev/pods/a/b/c",
    ):
        answer = await get(live, path, token_of(live))
        assert (answer.status_code, answer.json()["reason"]) == (404, "NotFound"), path


async def test_a_method_that_means_nothing_is_refused(live: Any) -> None:
    trusted = ssl.create_default_context(cafile=str(live.folder / "ca.crt"))
    headers = {"Authorization": f"Bearer {token_of(live)}"}
    async with httpx.AsyncClient(base_url=live.address, verify=trusted, timeout=60, headers=headers) as session:
        assert (await session.put("/api/v1/namespaces/dev/pods", json={})).status_code == 405
        assert (await session.post("/api/v1/namespaces/dev/pods", content=b"not json")).status_code == 400
        broken = {"Content-Type": "application/vnd.kubernetes.protobuf"}
        answer = await session.post("/api/v1/namespaces/dev/pods", content=b"k8s\x00\x0a\xff", headers=broken)
        assert answer.status_code == 400


def test_token_and_key_are_for_their_owner_only_and_stay_the_same(tmp_path: Path) -> None:
    token, certificates = token_in(tmp_path), certificates_in(tmp_path, SystemClock().now())
    key = certificates.server_key.read_text()

    assert token_in(tmp_path) == token
    assert certificates_in(tmp_path, SystemClock().now()).server_key.read_text() == key
    for path in (tmp_path / "token", certificates.server_key):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_the_kubeconfig_says_everything_a_client_needs_and_is_private(live: Any) -> None:
    path = live.folder / "kubeconfig"
    config = yaml.safe_load(path.read_text())

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert config["current-context"] == "pocketkube"
    assert config["clusters"][0]["cluster"]["server"] == live.address
    assert set(config["clusters"][0]["cluster"]) == {"server", "certificate-authority-data"}
