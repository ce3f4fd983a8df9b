"""The four programs of an installation: how each is started, and how one sees that it answers."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from lockgate.wiring.installation import Installation
from lockgate.wiring.prometheus import SCRAPE_SECONDS, prometheus_command
from pocketkube.mesh.bootstrap import envoy_command

_TESTS_IMAGE = Path(str(files("loadrunner") / "images.toml"))
"""Without the image that test Jobs run no stage with a test strategy could end well."""


@dataclass(frozen=True, slots=True)
class Program:
    """*command* is asked for at each start, since what it names may change; *ready* is a URL below which 500 means
    that the program answers."""

    name: str
    command: Callable[[], list[str]]
    ready: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What `lockgate up` was asked for. *images* are further catalogues of pocketkube; *context* names the kubeconfig's
    context; *gateway_port* is the wanted one: another is taken when it is in use."""

    images: tuple[Path, ...] = ()
    context: str = "lockgate"
    gateway_port: int = 31380
    test_seconds: int = 60


def programs_of(installation: Installation, wishes: Wishes) -> tuple[Program, ...]:
    """In the order in which they need each other."""
    python, place = sys.executable, installation
    pocketkube = [python, "-m", "pocketkube"]
    data = ["--data", str(place.pocketkube)]

    def serve_objects() -> list[str]:
        catalogues = (_TESTS_IMAGE, *wishes.images)
        images = [text for path in catalogues for text in ("--images", str(path))]
        port = ["--gateway-port", str(wishes.gateway_port)]
        return [*pocketkube, "serve", *data, *port, "--context", wishes.context, *images]

    def control_plane() -> list[str]:
        return [
            *(python, "-m", "lockgate.cli", "serve"),
            *("--data", str(place.control), "--port", str(place.ports.api)),
            *("--kubeconfig", str(place.kubeconfig), "--gateway", place.gateway),
            *("--prometheus-url", place.prometheus_url, "--scrape-seconds", str(SCRAPE_SECONDS)),
            *("--test-seconds", str(wishes.test_seconds)),
        ]

    return (
        Program("pocketkube", serve_objects, lambda: f"https://127.0.0.1:{_port(place.pocketkube)}/healthz"),
        # Not by way of `pocketkube envoy`, a Python of its own before Envoy: users wait while Envoy is away.
        Program("envoy", lambda: envoy_command(place.pocketkube), lambda: place.gateway),
        Program("prometheus", lambda: prometheus_command(place), lambda: f"{place.prometheus_url}/-/ready"),
        Program("lockgate", control_plane, lambda: f"{place.endpoint}/health"),
    )


def stop_pods_command(installation: Installation) -> list[str]:
    return [sys.executable, "-m", "pocketkube", "stop", "--data", str(installation.pocketkube)]


def _port(folder: Path) -> str:
    return (folder / "port").read_text().strip()
