"""The tutorial's own program, as the page shows it: it runs, its tests pass it, and its gate asks for what it shows."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.house.doc_blocks import blocks

from lockgate.charts.values import parse_values
from lockgate.specs.perfspec import parse_perfspec
from lockgate.wiring.templates import templates
from pocketkube.runtime.catalogue import Catalogue

PAGE = (Path(__file__).resolve().parents[2] / "docs/tutorial/deployments-with-quality-gates.md").read_text()
# An address of this run alone, since the page's program keeps to its port.
ADDRESS = f"127.{1 + os.getpid() % 60}.{os.getpid() // 60 % 250}.7"
PATIENCE_SECONDS = 30.0


def shown(file: str) -> str:
    """The text of a file that the page says to write."""
    found = [block.text for block in blocks(PAGE) if block.title.startswith(f"`{file}`")]
    assert len(found) == 1, f"the tutorial shows {file} {len(found)} times"
    return found[0]


def catalogue(folder: Path) -> Catalogue:
    """What `cat >> images.toml <<END` leaves, with *folder* as $PWD."""
    appended = re.search(r"cat >> \S+images\.toml <<END\n(.*?)^END$", PAGE, re.MULTILINE | re.DOTALL)
    assert appended
    file = folder / "images.toml"
    file.write_text(appended[1].replace("$PWD", str(folder)))
    return Catalogue([file])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tutorial")
    for file in ("web.py", "locustfile.py"):
        (made / file).write_text(shown(file))
    return made


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[str]:
    """The URL of version 1.0, started as its catalogue entry says."""
    image = catalogue(folder).find("example/web:1.0")
    assert image
    environment = {**image.env, "POD_IP": ADDRESS, "CONTAINER_IMAGE": "example/web:1.0"}
    program = subprocess.Popen(image.command, env=environment, stderr=subprocess.DEVNULL)
    url = f"http://{ADDRESS}:8080"
    try:
        _until_it_answers(url)
        yield url
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(PATIENCE_SECONDS)


def test_the_program_greets_and_shows_what_its_gate_asks_for(running: str) -> None:
    assert _get(running + "/") == "hello from example/web:1.0\n"
    values = parse_values("web", "values.yaml", shown("values.yaml"))
    assert values.metrics and values.internal_port == 8080
    metrics = _get(running + values.metrics.path)
    query = str(parse_perfspec("perfspec.json", shown("perfspec.json")).indicators[0].query)
    for name in re.findall(r"rate\((\w+){", query):
        assert re.search(rf"^{name} ", metrics, re.MULTILINE), f"the program does not show {name}"


@pytest.mark.parametrize("check", ["health", "performance"])
def test_the_locust_file_passes_the_program(running: str, folder: Path, check: str) -> None:
    load = {"USERS": "10", "RUN_SECONDS": "2"} if check == "performance" else {"ITERATIONS": "1"}
    environment = {
        "PATH": os.environ["PATH"],
        "CHECK": check,
        "TARGET_HOST": running,
        "POD_ROOT": str(folder),
        "LOCUST_FILE": "/locustfile.py",
        **load,
    }
    command = [sys.executable, "-m", "loadrunner"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    report = json.loads(ended.stdout)
    assert report.get("requests", 0) > 0, report
    assert report["failures"] == 0, report


def test_the_slow_version_is_beyond_the_gates_bound_and_the_others_are_not(folder: Path) -> None:
    thresholds = json.loads(shown("perfspec.json"))["indicators"][0]["grading"]["thresholds"]
    delays = {}
    for tag in ("1.0", "1.1", "1.2"):
        image = catalogue(folder).find(f"example/web:{tag}")
        assert image
        delays[tag] = float(image.env["DELAY"])
    assert delays["1.1"] > thresholds["upperSevere"]
    assert max(delays["1.0"], delays["1.2"]) < thresholds["upperWarning"]


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  # of the loopback interface
        return str(answer.read().decode())


def _until_it_answers(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            _get(url + "/health")
            return
        except OSError:
            assert time.monotonic() < deadline, f"{url} did not answer"


def test_the_tutorial_lists_what_onboarding_writes() -> None:
    shown = re.search(r"^Service carts onboarded to project sockshop:\n((?:  .*\n)+)", PAGE, re.MULTILINE)
    assert shown is not None
    written = sorted(f"  carts/{path}" for path in ("values.yaml", *templates(15).files))
    assert shown[1].splitlines() == written
