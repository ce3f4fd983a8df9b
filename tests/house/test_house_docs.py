"""The docs say what the code does."""

import re
from pathlib import Path

import pytest
from tests.house.doc_blocks import spans

from lockgate.charts.values import OWN_ENV, parse_values
from lockgate.domain.delivery import Outcome
from lockgate.domain.errors import SpecError
from lockgate.domain.evaluation import Verdict
from lockgate.domain.event import NEW_ARTIFACT_ALIASES, EventType
from pocketkube.objects.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
# Where a path in a page may begin: at the top of the repository, or in the packages whose rooms the pages speak of.
TOPS = re.compile(
    r"(src|docs|tools|\.ci|tests/(house|lockgate|pocketkube|sockshop|loadrunner|dynatracestandin|system))(/|$)"
)
PACKAGES = [ROOT / "src" / name for name in ("lockgate", "pocketkube")]
ROOMS = {folder.name for package in PACKAGES for folder in package.iterdir() if (folder / "__init__.py").exists()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


NAMED_SCHEMA = re.compile(
    r"""(?:\$schema"?\s*[=:]\s*"?|^#:schema |^# Schema: )([\w.:/-]*[./][\w.:/-]*)""", re.MULTILINE
)
OTHERS = ("https://json-schema.org/", "./.schema.json")  # the second: onboarding writes it beside the perfspecs
SHIPPED = [
    path
    for root in ("src", "docs")
    for path in sorted((ROOT / root).rglob("*"))
    if path.suffix in (".json", ".md", ".py", ".toml", ".yaml", ".yml") and "static" not in path.parts
]


def test_no_file_names_a_schema_that_is_not_there() -> None:
    named = {
        (path, schema)
        for path in SHIPPED
        for schema in NAMED_SCHEMA.findall(path.read_text())
        if not schema.startswith(OTHERS)
    }
    assert named, "the pattern finds none"
    missing = [
        f"{path.relative_to(ROOT)} names {schema}"
        for path, schema in named
        if not (path.parent / schema).exists() and not (ROOT / "docs/reference" / schema).exists()
    ]
    assert not missing


def test_every_type_of_event_is_described() -> None:
    text = (ROOT / "docs/reference/events.md").read_text()
    for name in (*(type_.value for type_ in EventType), *NEW_ARTIFACT_ALIASES):
        assert f"`{name}`" in text, f"docs/reference/events.md does not describe {name}"


def test_every_outcome_and_verdict_is_named() -> None:
    text = (ROOT / "docs/reference/events.md").read_text()
    for word in (*Outcome, *Verdict):
        assert word.value in text


def test_every_dependency_has_a_reason() -> None:
    text = (ROOT / "docs/explanation/dependencies.md").read_text()
    section = (ROOT / "pyproject.toml").read_text().split("dependencies = [")[1].split("]")[0]
    for name in re.findall(r'"([a-zA-Z0-9-]+)', section):
        assert re.search(rf"(^\| |, ){re.escape(name)}( \||,)", text, re.MULTILINE), f"{name} has no reason"


def test_every_dependency_has_a_pinned_version() -> None:
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    section = (ROOT / "pyproject.toml").read_text().split("[project.scripts]")[0].split("dependencies = [", 1)[1]
    for name in re.findall(r'^  "([a-zA-Z0-9-]+)', section, re.MULTILINE):
        assert name.lower() in pinned, f"{name} is not in constraints.txt"


def test_every_route_of_the_api_is_described() -> None:
    text = (ROOT / "docs/reference/api.md").read_text()
    found = set()
    for source in (ROOT / "src/lockgate/api").glob("*.py"):
        code = source.read_text()
        prefix = "".join(re.findall(r'APIRouter\(prefix="([^"]*)"', code))
        found |= {prefix + path for path in re.findall(r'@(?:routes|app)\.\w+\("([^"]*)"', code)}
    for route in found - {"/open", "/openapi.json"}:
        stem = re.sub(r"\{\w+\}.*", "", route).rstrip("/")
        assert stem in text, f"docs/reference/api.md does not describe {route}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    for path in spans(page.read_text()):
        if re.fullmatch(r"[\w./-]+", path):
            places = [ROOT] if TOPS.match(path) else PACKAGES if path.split("/")[0] in ROOMS and "/" in path else []
            found = [place for place in places if (place / path).exists() or (place / f"{path}.py").exists()]
            assert found or not places, f"{page.relative_to(ROOT)} names {path}, which is not there"


def test_every_room_is_in_the_plan_of_the_house_and_the_plan_has_no_other() -> None:
    text = (ROOT / "docs/explanation/architecture.md").read_text()
    planned = set(re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE))
    assert planned == {folder.name for folder in PACKAGES[0].iterdir() if (folder / "__init__.py").exists()}


def test_every_layer_that_the_linter_holds_is_in_the_plan_of_the_house() -> None:
    contract = (ROOT / ".importlinter").read_text().split("layers =\n")[1].split("exhaustive")[0]
    drawn = (ROOT / "docs/explanation/architecture.md").read_text().split("```")[1]
    assert drawn.split() == contract.split()


def test_every_kind_that_pocketkube_serves_is_described() -> None:
    text = (ROOT / "docs/reference/pocketkube.md").read_text()
    for kind in KINDS.values():
        assert re.search(rf"\b{kind.kind}\b", text), f"docs/reference/pocketkube.md does not name {kind.kind}"


SECTIONS = ("image", "service", "container", "resources", "health", "metrics", "volume")


def test_every_field_of_values_is_described() -> None:
    text = (ROOT / "docs/reference/values.md").read_text()
    wrong = "nope: 1\n" + "".join(f"{section}: {{nope: 1}}\n" for section in SECTIONS)
    with pytest.raises(SpecError) as refused:
        parse_values("web", "values.yaml", wrong)
    told = {fault.field: fault.message for fault in refused.value.faults if "known are " in fault.message}
    assert set(told) == {"nope", *(f"{section}.nope" for section in SECTIONS)}
    for place, message in told.items():
        for name in message.split("known are ")[1].split(", "):
            field = f"{place.removesuffix('nope')}{name}"
            assert re.search(rf"`{re.escape(field)}[`.]", text), f"docs/reference/values.md does not describe {field}"


def test_every_variable_that_a_container_is_told_is_described() -> None:
    text = (ROOT / "docs/reference/values.md").read_text()
    for name in OWN_ENV:
        assert f"`{name}`" in text
