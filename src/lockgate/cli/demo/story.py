"""The document's story, command by command, and what must be seen after each."""

import json
import time
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx

from lockgate.cli.demo.expectations import Expectations
from lockgate.cli.demo.shell import Shell
from lockgate.cli.demo.traffic import fetch
from lockgate.wiring.installation import Installation

PROJECT, SERVICE = "sockshop", "carts"
IMAGE = "docker.io/keptnexamples/carts"
PROMOTED, REJECTED = 0, 2
SHORT_HOST = "carts.production.localhost"


def host(stage: str) -> str:
    return f"{SERVICE}.{PROJECT}-{stage}.localhost"


@dataclass(frozen=True, slots=True)
class Journey:
    """A delivery as the API tells it, and how long it took."""

    told: dict[str, Any]
    seconds: float

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """The last verdict of a gate with indicators."""
        return self.told["evaluations"][-1] if self.told["evaluations"] else None

    @property
    def stages(self) -> list[str]:
        return [run["stage"] for run in self.told["runs"] if not run["fixed"]]


@dataclass(slots=True)
class Story:
    """*folder* is where the user's files and clone are; *monitoring* is how the gate measures, by the part of a tag
    that names it: `prometheus` or `dynatrace`; *configure* is what `configure monitoring` takes for that."""

    installation: Installation
    shell: Shell
    folder: Path
    expect: Expectations
    monitoring: str = "prometheus"
    configure: tuple[str, ...] = ("prometheus",)
    journeys: list[Journey] = field(default_factory=list)

    @property
    def slow(self) -> str:
        return f"0.6.1_{self.monitoring}"

    @property
    def fast(self) -> str:
        return f"0.6.2_{self.monitoring}"

    def prepare(self) -> None:
        """Project, services and monitoring, as the document's prerequisites say."""
        self._write_files()
        self.shell.show("lockgate", "configure", "monitoring", *self.configure)
        self.expect.same(f"configure monitoring {self.monitoring} exits with", 0, self.shell.code)
        self.shell.show("lockgate", "create", "project", PROJECT, "shipyard.yaml")
        self.expect.same("create project exits with", 0, self.shell.code)
        onboard = ("lockgate", "onboard", "service", f"--project={PROJECT}")
        self.shell.show(
            *onboard, "--values=values_carts.yaml", "--tests=locustfile.py", "--perfspec=perfspec_prometheus.json"
        )
        self.expect.same("onboard service carts exits with", 0, self.shell.code)
        self.shell.show(*onboard, "--values=values_carts-db.yaml")
        self.expect.same("onboard service carts-db exits with", 0, self.shell.code)

    def first_artifact(self) -> None:
        self._send("0.6.0", PROMOTED)
        self._answers("production", "Version = v1")

    def put_gate_in_force(self) -> None:
        """With plain git, as the document's `Set up Monitoring` says."""
        self.shell.show("lockgate", "clone", PROJECT)
        self.expect.same("clone exits with", 0, self.shell.code)
        clone = self.folder / PROJECT
        self.shell.show(
            "git",
            "mv",
            f"{SERVICE}/perfspec/perfspec_{self.monitoring}.json",
            f"{SERVICE}/perfspec/perfspec.json",
            folder=clone,
        )
        for command in (
            ("git", "add", "."),
            ("git", "commit", "-q", "-m", f"use {self.monitoring} perfspec"),
            ("git", "push", "-q"),
        ):
            self.shell.show(*command, folder=clone)
            self.expect.same(f"{' '.join(command)} exits with", 0, self.shell.code)

    def slow_artifact(self) -> None:
        before = self._desired("staging")
        journey = self._send(self.slow, REJECTED)
        self.expect.same(f"stages that {self.slow} came to", ["dev", "staging"], journey.stages)
        evaluation = journey.evaluation or {}
        self.expect.same(f"verdict of staging's gate on {self.slow}", "fail", evaluation.get("verdict"))
        breaches = [each["breach"] for one in evaluation.get("indicators", []) for each in one["violations"]]
        self.expect.same(f"bounds that {self.slow} broke", ["upperSevere"], breaches)
        self._answers("staging", "Version = v1")
        self._answers("production", "Version = v1")
        self.expect.same("what git wants in staging afterwards", before, self._desired("staging"))

    def fast_artifact(self) -> None:
        journey = self._send(self.fast, PROMOTED)
        self.expect.same(f"stages that {self.fast} came to", ["dev", "staging", "production"], journey.stages)
        self.expect.same(f"verdict of staging's gate on {self.fast}", "pass", (journey.evaluation or {}).get("verdict"))
        self._answers("production", "Version = Fast")
        port = self.installation.gateway_port
        self.expect.same(f"GET http://{SHORT_HOST}/version", "Version = Fast", fetch(port, SHORT_HOST, "/version"))

    def look_with_kubectl(self) -> None:
        namespace = f"{PROJECT}-production"
        seen = self.shell.show("kubectl", "get", "svc", "istio-ingressgateway", "-n", "istio-system")
        self.expect.holds(
            "kubectl shows the ingress gateway's port", f"80:{self.installation.gateway_port}/TCP" in seen, seen
        )
        seen = self.shell.show("kubectl", "get", "deployments", "-n", namespace)
        names = [line.split()[0] for line in seen.splitlines() if line]
        columns = ["NAME", "carts-blue", "carts-db-blue", "carts-db-green", "carts-green"]
        self.expect.same("deployments in production", columns, names)
        for colour, tag in (("blue", self.fast), ("green", "0.6.0")):
            seen = self.shell.show("kubectl", "describe", "deployment", f"{SERVICE}-{colour}", "-n", namespace)
            self.expect.holds(f"{SERVICE}-{colour} runs {tag}", f"{IMAGE}:{tag}\n" in seen, seen)
        self.shell.show("kubectl", "describe", "virtualService", "-n", namespace)
        self.expect.same("weights of carts in production", {"blue": 100, "green": 0}, self._weights(SERVICE))
        self.expect.same("weights of carts-db in production", {"blue": 100, "green": 0}, self._weights(f"{SERVICE}-db"))

    def page(self) -> str:
        """A link to the page of the last delivery, good for five minutes."""
        last = self.journeys[-1].told["id"] if self.journeys else ""
        answer = httpx.post(f"{self._endpoint}/v1/deliveries/{last}/page", headers=self._headers(), timeout=10)
        return str(answer.json()["url"]) if answer.is_success else self._endpoint

    def _write_files(self) -> None:
        shipped = files("sockshop") / "files"
        for name in ("shipyard.yaml", "values_carts.yaml", "values_carts-db.yaml", "perfspec_prometheus.json"):
            (self.folder / name).write_text((shipped / name).read_text())
        (self.folder / "locustfile.py").write_text((shipped / "tests" / "locustfile.py").read_text())

    def _send(self, tag: str, expected: int) -> Journey:
        started = time.monotonic()
        arguments = [f"--project={PROJECT}", f"--service={SERVICE}", f"--image={IMAGE}", f"--tag={tag}"]
        code = self.shell.stream("keptn", "send", "event", "new-artifact", *arguments, "--wait", "--timeout=600")
        self.expect.same(f"send event new-artifact {tag} --wait exits with", expected, code)
        journey = Journey(told=self._newest(), seconds=time.monotonic() - started)
        self.expect.same("the newest delivery's tag", tag, journey.told["tag"])
        self.journeys.append(journey)
        return journey

    def _newest(self) -> dict[str, Any]:
        found = self._api("/v1/deliveries?limit=1")["deliveries"]
        told: dict[str, Any] = self._api(f"/v1/deliveries/{found[0]['id']}")
        return told

    def _api(self, path: str) -> Any:
        answer = httpx.get(f"{self._endpoint}{path}", headers=self._headers(), timeout=10)
        return answer.raise_for_status().json()

    @property
    def _endpoint(self) -> str:
        return self.installation.endpoint

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.installation.token_file.read_text().strip()}"}

    def _answers(self, stage: str, text: str) -> None:
        seen = fetch(self.installation.gateway_port, host(stage), "/version")
        self.expect.same(f"GET http://{host(stage)}/version", text, seen)

    def _weights(self, service: str) -> dict[str, int]:
        name = f"{PROJECT}-production-{service}"
        text = self.shell.quiet("kubectl", "get", "virtualservice", name, "-n", f"{PROJECT}-production", "-o", "json")
        entries = json.loads(text)["spec"]["http"][0]["route"] if self.shell.code == 0 else []
        return {entry["destination"]["subset"]: entry.get("weight", 0) for entry in entries}

    def _desired(self, stage: str) -> str:
        """What branch `state` says of a stage, as plain git shows it; the turn's number in it grows with each turn."""
        clone = self.folder / PROJECT
        self.shell.quiet("git", "fetch", "-q", "origin", folder=clone)
        text = self.shell.quiet("git", "show", f"origin/state:stages/{stage}/{SERVICE}.yaml", folder=clone)
        return "\n".join(line for line in text.splitlines() if not line.startswith("fence:"))
