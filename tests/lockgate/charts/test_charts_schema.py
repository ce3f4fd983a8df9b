"""The published schema of values.yaml is the reader's: it takes what a push takes."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from lockgate.charts.schema import values_schema
from lockgate.charts.values import OWN_ENV, parse_values
from lockgate.domain.errors import SpecError

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "docs/reference"
VALIDATOR = Draft202012Validator(values_schema())
SHIPPED = [path.read_text() for path in sorted((ROOT / "src/sockshop/files").glob("values_*.yaml"))]
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", (REFERENCE / "values.md").read_text(), re.DOTALL | re.MULTILINE)


def changed(path: str, value: object) -> Any:
    content = copy.deepcopy(yaml.safe_load(BLOCKS[0]))
    *above, last = path.split(".")
    place = content
    for part in above:
        place = place.setdefault(part, {})
    place[last] = value
    return content


def is_read(content: object) -> bool:
    try:
        parse_values("carts", "values.yaml", yaml.safe_dump(content))
    except SpecError:
        return False
    return True


def test_the_published_schema_is_the_readers() -> None:
    Draft202012Validator.check_schema(values_schema())
    published = json.loads((REFERENCE / "values.schema.json").read_text())
    assert published == json.loads(json.dumps(values_schema())), "run `make schemas`"


@pytest.mark.parametrize("text", [BLOCKS[0], *SHIPPED])
def test_the_example_of_the_page_and_the_values_of_the_demo_are_valid(text: str) -> None:
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$schema", "./.schema.json"),
        ("replicaCount", 0),
        ("service.protocol", "http"),
        ("env", {"A_1": 1.5, "B": True}),
        ("env", None),
        ("volume", {"name": "files", "mountPath": "/data"}),
        ("resources.limits", {"cpu": 0.5, "memory": "128Mi"}),
        ("strategy", None),
    ],
)
def test_what_is_read_is_valid(path: str, value: object) -> None:
    assert is_read(changed(path, value))
    assert VALIDATOR.is_valid(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("replicas", 1),
        ("replicaCount", 101),
        ("replicaCount", "1"),
        ("service.internalPort", 0),
        ("service.protocol", "udp"),
        ("image.pullPolicy", "Sometimes"),
        ("env", {"1A": "x"}),
        ("env", {OWN_ENV[0]: "x"}),
        ("env", {"A": [1]}),
        ("health.path", "health"),
        ("resources.limits", {"gpu": 1}),
        ("resources.limits", {"cpu": "much"}),
        ("container.name", "Carts"),
        ("strategy", "Replace"),
    ],
)
def test_what_is_refused_is_not_valid(path: str, value: object) -> None:
    assert not is_read(changed(path, value))
    assert not VALIDATOR.is_valid(changed(path, value))
