"""The shipyard file: the ordered stages of a project."""

from collections.abc import Callable
from functools import partial

from lockgate.domain.errors import InvalidError
from lockgate.domain.names import StageName, namespace_of, project_name, stage_name
from lockgate.domain.project import DeploymentStrategy, Project, Stage, TestStrategy
from lockgate.specs.fields import Reader
from lockgate.specs.positions import Spot, read_yaml
from lockgate.specs.tables import Fields

FILE = Fields(("stages",), ("registry", "project"))
STAGE = Fields(("name", "deployment_strategy"), ("test_strategy",))

_NOT_YET = "is not supported yet: remove it"
_HINTS = {"remediation_strategy": _NOT_YET, "approval_strategy": _NOT_YET}


def parse_shipyard(file: str, text: str, project: str) -> Project:
    """The project called *project* as the file says it. `registry` and `project` are read by no-one; files of
    Keptn 0.2 have them. Raises SpecError; InvalidError when *project* itself is no name for a project."""
    name = project_name(project)
    reader = Reader(file)
    fields = reader.mapping(read_yaml(file, text), *FILE) or {}
    read = [(spot, _stage(reader, spot)) for spot in reader.items(fields.get("stages"))]
    lines: dict[StageName, int] = {}
    for spot, stage in read:
        if stage is None:
            continue
        if stage.name in lines:
            reader.fault(spot, f"stage {stage.name!r} stands twice: the first is in line {lines[stage.name]}")
        lines.setdefault(stage.name, spot.line)
        _checked(reader, spot, partial(namespace_of, name, stage.name))
    return reader.done(Project(name=name, stages=tuple(stage for _, stage in read if stage is not None)))


def _stage(reader: Reader, spot: Spot) -> Stage | None:
    fields = reader.mapping(spot, *STAGE, _HINTS) or {}
    title = fields.get("name")
    text = reader.text(title)
    name = None if title is None or text is None else _checked(reader, title, partial(stage_name, text))
    deployment = reader.word(fields.get("deployment_strategy"), DeploymentStrategy)
    tests = reader.word(fields.get("test_strategy"), TestStrategy)
    if name is None or deployment is None:
        return None
    return Stage(name=name, deployment=DeploymentStrategy(deployment), tests=TestStrategy(tests) if tests else None)


def _checked(reader: Reader, spot: Spot, rule: Callable[[], str]) -> StageName | None:
    try:
        return StageName(rule())
    except InvalidError as error:
        reader.fault(spot, str(error))
        return None
