"""The files that onboard the demo application agree with its programs."""

import json
import sys
import tomllib
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

FILES = Path(str(files("sockshop"))) / "files"
CARTS = "docker.io/keptnexamples/carts"


def image(repository: str, tag: str) -> dict[str, Any]:
    catalogue = tomllib.loads((FILES / "images.toml").read_text())["image"]
    return next(found for found in catalogue if found["repository"] == repository and fnmatch(tag, found["tag"]))


@pytest.mark.parametrize(
    ("tag", "version", "delay"),
    [
        ("0.6.0", "v1", "0 ms"),
        ("0.6.1_prometheus", "Slow", "1000 ms"),
        ("0.6.1_dynatrace", "Slow", "1000 ms"),
        ("0.6.1", "Slow", "1000 ms"),
        ("0.6.2_prometheus", "Fast", "0 ms"),
        ("0.6.2", "Fast", "0 ms"),
    ],
)
def test_each_tag_of_carts_runs_as_its_version(start: Any, tag: str, version: str, delay: str) -> None:
    found = image(CARTS, tag)
    assert found["command"][:2] == ["{python}", "-m"]
    carts = start(found["command"][2], 8080, **found["env"])
    assert httpx.get(f"{carts.url}/version").text == f"Version = {version}"
    assert f"<td>{delay}</td>" in httpx.get(carts.url).text


def test_the_database_image_of_the_values_is_the_small_store() -> None:
    values = yaml.safe_load((FILES / "values_carts-db.yaml").read_text())
    assert image(values["image"]["repository"], "latest")["command"] == ["{python}", "-m", "sockshop.carts_db"]
    assert values["service"]["internalPort"] == 27017
    assert values["volume"] == {"name": "carts-db-mongodata", "size": "100Mi", "mountPath": "/data/db"}


def test_the_paths_in_the_values_of_carts_answer(start: Any) -> None:
    values = yaml.safe_load((FILES / "values_carts.yaml").read_text())
    carts = start("sockshop.carts", values["service"]["internalPort"])
    assert httpx.get(carts.url + values["health"]["path"]).status_code == 200
    assert "requests_latency_seconds_sum" in httpx.get(carts.url + values["metrics"]["path"]).text
    assert values["image"]["repository"] is None


def test_the_shipyard_is_the_documents() -> None:
    shipyard = yaml.safe_load((FILES / "shipyard.yaml").read_text())
    assert [
        (stage["name"], stage["deployment_strategy"], stage.get("test_strategy")) for stage in shipyard["stages"]
    ] == [
        ("dev", "direct", "functional"),
        ("staging", "blue_green_service", "performance"),
        ("production", "blue_green_service", None),
    ]


@pytest.mark.parametrize(("source", "one_second"), [("prometheus", 1), ("dynatrace", 1_000_000)])
def test_a_perfspec_names_its_schema_first_and_limits_the_average_to_a_second(source: str, one_second: int) -> None:
    perfspec = json.loads((FILES / f"perfspec_{source}.json").read_text())
    assert next(iter(perfspec)) == "$schema"
    (indicator,) = perfspec["indicators"]
    assert indicator["source"].lower() == source
    assert indicator["grading"]["thresholds"] == {"upperSevere": one_second}
    assert indicator["grading"]["metricScore"] == 100
    assert indicator["grading"]["metadata"]["displayName"] == "average response time"
    assert perfspec["objectives"] == {"pass": 90, "warning": 75}


def test_the_interpreter_placeholder_is_the_only_one_in_the_catalogue() -> None:
    for found in tomllib.loads((FILES / "images.toml").read_text())["image"]:
        command = [word.replace("{python}", sys.executable) for word in found["command"]]
        assert not [word for word in command if "{" in word]
