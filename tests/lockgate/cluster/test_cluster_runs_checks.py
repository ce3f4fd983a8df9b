"""Checks run as Jobs on a real platform, with real load, inside the stage and through the gateway."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lockgate.cluster.kubernetes import KubernetesCluster
from lockgate.domain.artifact import Artifact
from lockgate.domain.manifest import Ref
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import DeploymentStrategy, Place
from lockgate.domain.release import DirectState, Release
from lockgate.domain.testing import Check, CheckRequest, CheckResult, CheckTrouble, Load
from lockgate.manifests.hosts import hosts_of
from lockgate.manifests.naming import route_name
from lockgate.manifests.releases import direct_objects, shared_objects
from lockgate.manifests.routes import virtual_service
from lockgate.manifests.stage import stage_objects
from lockgate.ports.cluster import Ready
from lockgate.testers.jobs import JobTester
from lockgate.testing.contracts.tester import Requests, TesterContract, over

PATIENCE = 60.0
PLACE = Place(ProjectName("checks"), StageName("dev"), ServiceName("foo-bar"))
RELEASE = Release("r1", Artifact("web", "v1"), "c1")
SCRIPT = (Path(__file__).parents[3] / "src" / "loadrunner" / "files" / "locustfile.py").read_text()
RENDERED: tuple[dict[str, Any], ...] = (
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "foo-bar"},
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "foo-bar",
                            "image": "web:v1",
                            "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
                        }
                    ]
                }
            }
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "foo-bar"},
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    },
)


def request(check: Check, run: str) -> CheckRequest:
    return CheckRequest(
        run=run,
        check=check,
        place=PLACE,
        script=SCRIPT,
        host=hosts_of(PLACE)[0],
        through_gateway=check is Check.PERFORMANCE,
        load=Load(users=2, seconds=2),
        fence=1,
    )


@pytest.fixture
async def tester(kubernetes: KubernetesCluster, platform: Any) -> JobTester:
    route = virtual_service(PLACE, DirectState(RELEASE), hosts_of(PLACE), http=True)
    await kubernetes.apply(stage_objects(PLACE.project, PLACE.stage), fence=None)
    await kubernetes.apply(shared_objects(PLACE, RENDERED, DeploymentStrategy.DIRECT), fence=1)
    await kubernetes.apply([*direct_objects(PLACE, RENDERED, RELEASE), route], fence=1)
    refs = (
        Ref("Deployment", PLACE.namespace, "foo-bar"),
        Ref("VirtualService", PLACE.namespace, route_name(PLACE)),
    )
    async with asyncio.timeout(PATIENCE):
        while True:
            if await kubernetes.readiness(refs) == Ready():
                break
            await asyncio.sleep(0.05)
    return JobTester(kubernetes, gateway=f"http://127.0.0.1:{platform.gateway_port}")


class TestJobTester(TesterContract):
    __test__ = True

    @pytest.fixture
    def request_of(self) -> Requests:
        return request


async def test_a_script_that_cannot_be_read_is_trouble_with_its_line(tester: JobTester) -> None:
    broken = replace(request(Check.FUNCTIONAL, "broken"), script="import locust\nclass :\n")
    await tester.start(broken)
    outcome = await over(tester, broken)
    assert isinstance(outcome, CheckTrouble)
    assert "line 2" in outcome.reason


async def test_a_host_that_the_gateway_does_not_know_fails_every_request(tester: JobTester) -> None:
    lost = replace(request(Check.PERFORMANCE, "lost"), host="nobody.localhost")
    await tester.start(lost)
    outcome = await over(tester, lost)
    assert isinstance(outcome, CheckResult)
    assert outcome.requests == outcome.failures > 0
    assert "HTTP 404" in outcome.errors[0]


async def test_an_unknown_test_image_is_trouble_that_says_what_to_add(
    kubernetes: KubernetesCluster, tester: JobTester
) -> None:
    other = JobTester(kubernetes, image="example/k6:2")
    await other.start(request(Check.HEALTH, "unknown-image"))
    outcome = await over(other, request(Check.HEALTH, "unknown-image"))
    assert isinstance(outcome, CheckTrouble)
    assert "example/k6:2" in outcome.reason
    assert "[[image]]" in outcome.reason
