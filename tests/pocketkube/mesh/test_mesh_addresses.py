"""Addresses of an installation, and what pods are told of Services."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pocketkube.kit.clock import SystemClock
from pocketkube.mesh.addresses import AddressError, Addresses
from pocketkube.mesh.service_env import service_environment
from pocketkube.mesh.services import listened_port, lowest_bindable_port
from pocketkube.objects.store import ObjectStore


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Any]:
    """made(name) is the installation of that name; all share one folder of claims."""
    opened: list[Addresses] = []

    def make(name: str) -> Addresses:
        opened.append(Addresses(tmp_path / name, tmp_path / "claims"))
        return opened[-1]

    yield make
    for addresses in opened:
        addresses.close()


def test_two_installations_have_different_networks(made: Any) -> None:
    assert made("a").network != made("b").network


def test_no_pod_gets_the_address_of_an_earlier_one_even_after_a_restart(made: Any) -> None:
    before = made("a")
    used = {before.pod() for _ in range(300)}
    before.close()
    after = made("a")
    used |= {after.pod() for _ in range(300)}
    assert len(used) == 600
    assert not any(address.endswith((".0", ".255")) for address in used)


def test_a_service_keeps_its_address_over_a_restart(made: Any) -> None:
    before = made("a")
    carts, other = before.service("shop", "carts"), before.service("shop", "other")
    before.close()
    after = made("a")
    assert (after.service("shop", "carts"), after.service("shop", "other")) == (carts, other)
    assert carts != other


def test_services_and_pods_never_meet(made: Any) -> None:
    addresses = made("a")
    assert addresses.pod() not in {addresses.service("shop", f"s{number}") for number in range(50)}


def test_a_network_is_kept_for_an_installation_that_is_not_running(made: Any) -> None:
    first = made("a")
    first.close()
    assert made("b").network != first.network
    assert made("a").network == first.network


def test_an_installation_that_was_removed_leaves_its_network_to_others(made: Any, tmp_path: Path) -> None:
    first = made("a")
    first.close()
    with pytest.raises(AddressError, match="remove old installations"):
        for number in range(255):
            made(f"other-{number}").close()
    (tmp_path / "a/network.json").unlink()
    assert made("b").network == first.network


def test_running_installations_of_two_users_have_different_networks(tmp_path: Path) -> None:
    """They see no common folder of claims, and share the loopback network all the same."""
    data, opened = tmp_path / "a", []
    try:
        for user in ("one", "other"):
            opened.append(Addresses(data, tmp_path / f"claims of {user}"))
            (data / "network.json").unlink()  # so that the next one begins its search at the same place
        assert opened[0].network != opened[1].network
    finally:
        for addresses in opened:
            addresses.close()


def test_a_second_program_on_the_same_data_is_told_so(made: Any, tmp_path: Path) -> None:
    made("a")
    with pytest.raises(AddressError, match="another pocketkube runs on this data"):
        made("a")
    code = "import sys; from pathlib import Path; from pocketkube.mesh.addresses import Addresses\n"
    code += f"Addresses(Path({str(tmp_path / 'a')!r}), Path({str(tmp_path / 'claims')!r}))"
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another pocketkube runs on this data" in outcome.stderr


def test_when_all_addresses_of_pods_were_used_they_start_over(made: Any, tmp_path: Path) -> None:
    before = made("a")
    first = before.pod()
    before.close()
    path = tmp_path / "a/network.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "next_pod": 65_534}))
    after = made("a")
    assert after.pod().endswith("255.254")
    assert after.pod() == first


def test_pods_are_told_where_the_services_of_their_namespace_listen() -> None:
    store = ObjectStore(None, SystemClock())
    ports = [{"name": "http", "port": 80}, {"name": "admin-port", "port": 8081}]
    for name, address in (("carts-db", "127.99.0.1"), ("headless", "None"), ("early", ""), ("far", "10.0.0.1")):
        spec = {"clusterIP": address, "ports": ports, "selector": {"app": name}}
        store.create({"kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": spec})
    http = str(listened_port(80, lowest_bindable_port()))
    assert service_environment(store, "shop") == {
        "CARTS_DB_SERVICE_HOST": "127.99.0.1",
        "CARTS_DB_SERVICE_PORT": http,
        "CARTS_DB_SERVICE_PORT_HTTP": http,
        "CARTS_DB_SERVICE_PORT_ADMIN_PORT": "8081",
    }
    assert service_environment(store, "other") == {}
