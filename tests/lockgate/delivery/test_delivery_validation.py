"""What is refused at the door, since a cluster or the server itself would break on it later."""

import pytest

from lockgate.charts.service import ServiceCharts
from lockgate.delivery.onboarding import Templates, onboard_service, services_of
from lockgate.delivery.validation import check_tree
from lockgate.domain.errors import SpecError
from lockgate.domain.file_size import LARGEST_FILE
from lockgate.domain.names import ProjectName, ServiceName
from lockgate.testing.world import LOCUST_FILE, PERFSPEC, PROJECT, SHIPYARD, VALUES, World
from lockgate.wiring.templates import templates

_SHOP = ProjectName("shop")


def faults(project: str, service: str, **changes: str) -> list[str]:
    values = VALUES.replace("name: carts", f"name: {service}")
    files = {"values.yaml": values, "tests/locustfile.py": LOCUST_FILE, "perfspec/perfspec.json": PERFSPEC, **changes}
    tree = {"shipyard.yaml": SHIPYARD} | {f"{service}/{path}": text for path, text in files.items()}
    return [str(fault) for fault in check_tree(ServiceCharts(), ProjectName(project), tree).faults]


def test_names_that_only_together_are_too_long_for_a_label_are_refused_with_the_way_out() -> None:
    assert faults("p" * 23, "s" * 30) == []
    (fault,) = faults("p" * 23, "s" * 31)
    assert "selector" in fault
    assert "has 64 characters and may have 63: shorten the name of the project or the service" in fault


def test_a_service_whose_coloured_deployment_would_be_too_long_is_refused() -> None:
    found = faults("p", "s" * 58)
    assert any(
        f"{'s' * 58}-green' has 64 characters and may have 63: shorten the name of the service" in each
        for each in found
    )


@pytest.mark.parametrize("path", ["values.yaml", "perfspec/perfspec.json", "tests/tests.yaml"])
def test_a_file_that_is_parsed_may_not_be_huge(path: str) -> None:
    huge = " " * (LARGEST_FILE + 1)
    assert f"carts/{path}: has 65537 bytes and may have 65536" in faults("shop", "carts", **{path: huge})


def test_a_perfspec_beside_the_gate_that_could_not_become_it_is_told_and_lets_the_push_pass() -> None:
    own = {"values.yaml": VALUES, "tests/locustfile.py": LOCUST_FILE, "perfspec/perfspec_new.json": "import os\n"}
    tree = {"shipyard.yaml": SHIPYARD} | {f"carts/{path}": text for path, text in own.items()}
    found = check_tree(ServiceCharts(), _SHOP, tree)
    assert found.faults == ()
    (remark,) = found.remarks
    assert remark.startswith("carts/perfspec/perfspec_new.json:1: this is not JSON")
    assert remark.endswith(", so it could not become the gate")


def test_nothing_is_told_of_what_onboarding_itself_writes_beside_the_gate() -> None:
    own = {"values.yaml": VALUES, "tests/locustfile.py": LOCUST_FILE, "perfspec/perfspec.json": PERFSPEC}
    written = templates(15).files
    assert "perfspec/.schema.json" in written
    tree = {"shipyard.yaml": SHIPYARD} | {f"carts/{path}": text for path, text in {**written, **own}.items()}
    found = check_tree(ServiceCharts(), _SHOP, tree)
    assert [one for one in found.remarks if "could not become the gate" in one] == []


async def test_a_perfspec_that_is_none_is_not_onboarded() -> None:
    world = World()
    await world.create()
    own = {"values.yaml": VALUES.replace("carts", "orders"), "tests/locustfile.py": LOCUST_FILE}
    files = {**own, "perfspec/perfspec_prometheus.json": "import os\n"}
    with pytest.raises(SpecError, match="this is not JSON"):
        await onboard_service(world.outside, PROJECT, ServiceName("orders"), files, Templates({}))
    assert ServiceName("orders") not in await services_of(world.outside, PROJECT)


def test_a_huge_file_that_nobody_parses_is_the_users_own_affair() -> None:
    assert faults("shop", "carts", **{"tests/items.json": " " * (LARGEST_FILE + 1)}) == []


def test_a_huge_manifest_is_refused() -> None:
    tree = {"shipyard.yaml": SHIPYARD, "carts/manifests/carts.yaml": "#" * (LARGEST_FILE + 1)}
    (fault,) = check_tree(ServiceCharts(), _SHOP, tree).faults
    assert str(fault) == "carts/manifests/carts.yaml: has 65537 bytes and may have 65536"


def test_a_huge_shipyard_is_refused() -> None:
    tree = {"shipyard.yaml": SHIPYARD + "#" * LARGEST_FILE}
    (fault,) = check_tree(ServiceCharts(), _SHOP, tree).faults
    assert "and may have 65536" in str(fault)


def test_values_that_are_nested_too_deeply_are_a_fault() -> None:
    assert "nested too deeply" in faults("shop", "carts", **{"values.yaml": "[" * 20_000})[0]


def test_a_locust_file_that_is_no_python_is_refused_with_its_line() -> None:
    broken = {"tests/locustfile.py": "from locust import HttpUser\ndef (:\n"}
    assert faults("shop", "carts", **broken) == ["carts/tests/locustfile.py:2: is not Python: invalid syntax"]
