"""What a push to `main` must satisfy beside the rest of the installation."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lockgate.delivery.namespaces import refuse_taken_namespaces
from lockgate.delivery.onboarding import other_projects
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import SHIPYARD, services_in
from lockgate.delivery.validation import Findings, check_tree
from lockgate.domain.errors import ConflictError, Fault, SpecError
from lockgate.domain.names import ProjectName, namespace_of
from lockgate.domain.project import Project, Stage, TestStrategy
from lockgate.ports.config_repo import MAIN
from lockgate.specs.gate_files import GATES
from lockgate.specs.shipyard import parse_shipyard


async def check_push(
    outside: Outside, name: ProjectName, files: Mapping[str, str], changed: tuple[str, ...] = ()
) -> Findings:
    """*files*: the whole tree of `main` as it would be, path → text; *changed*: the paths that the push touches."""
    # In a thread: many files take seconds, and deliveries go on meanwhile.
    found = await asyncio.to_thread(check_tree, outside.charts, name, files)
    if found.faults:
        return found
    project = parse_shipyard(SHIPYARD, files[SHIPYARD], name)
    before = await _stages_before(outside, name) if SHIPYARD in changed else ()
    remarks = (
        *_removed_services(files, changed),
        *_removed_gates(files, changed),
        *_removed_stages(project, before),
        *_unasked_gates(before, project.stages, files),
    )
    found = replace(found, remarks=(*found.remarks, *remarks))
    try:
        refuse_taken_namespaces(project, await other_projects(outside, name))
    except ConflictError as error:
        return Findings((Fault(SHIPYARD, 0, "stages", str(error)),), found.remarks)
    return found


def _removed_services(files: Mapping[str, str], changed: tuple[str, ...]) -> list[str]:
    """Allowed; but what needs one, as carts does carts-db, is not told to Lockgate."""
    gone = set(services_in(dict.fromkeys(changed, ""))) - set(services_in(files))
    return [
        f"service {service} is removed: nothing of it is deployed any more, also where another service needs it; what "
        "runs of it stays"
        for service in sorted(gone)
    ]


def _removed_stages(project: Project, before: Sequence[Stage]) -> list[str]:
    left = {stage.name for stage in project.stages}
    return [
        f"{SHIPYARD}: stage {stage.name} is removed: no artifact gets there any more, and what runs in namespace "
        f"{namespace_of(project.name, stage.name)} stays; a stage of another name begins with nothing"
        for stage in before
        if stage.name not in left
    ]


def _removed_gates(files: Mapping[str, str], changed: tuple[str, ...]) -> list[str]:
    """Allowed, since a service may go; and a gate that is lost by accident must not be noticed at night."""
    return [
        f"{path} is removed: while {service} has no gate, its artifacts are refused in stages with performance tests"
        for path in changed
        for service, _, below in [path.partition("/")]
        if below in GATES and path not in files and not any(f"{service}/{gate}" in files for gate in GATES)
        if service in services_in(files)
    ]


async def _stages_before(outside: Outside, name: ProjectName) -> tuple[Stage, ...]:
    """Of the shipyard that is in force until the push is; none when that one cannot be read."""
    files = await outside.repo.files(name, await outside.repo.head(name, MAIN))
    try:
        return parse_shipyard(SHIPYARD, files.get(SHIPYARD, ""), name).stages
    except SpecError:
        return ()


def _unasked_gates(before: Sequence[Stage], after: Sequence[Stage], files: Mapping[str, str]) -> list[str]:
    """A gate is asked only where performance tests are: a stage that loses them loses its gates without a word."""
    judged = [service for service in services_in(files) if any(f"{service}/{gate}" in files for gate in GATES)]
    left = {stage.name: stage for stage in after}
    lost = [stage.name for stage in before if stage.tests is TestStrategy.PERFORMANCE and judged]
    return [
        f"{SHIPYARD}: stage {name} {_without(left.get(name))}: the quality gate of {', '.join(judged)} is asked there "
        "no more, and artifacts go on without its verdict"
        for name in lost
        if name not in left or left[name].tests is not TestStrategy.PERFORMANCE
    ]


def _without(stage: Stage | None) -> str:
    if stage is None:
        return "is removed"
    return f"has test_strategy {stage.tests.value if stage.tests else '(none)'} and had performance"
