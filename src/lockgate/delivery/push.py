"""What a push to `main` must satisfy beside the rest of the installation."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from lockgate.delivery.namespaces import refuse_taken_namespaces
from lockgate.delivery.onboarding import other_projects
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import SHIPYARD
from lockgate.delivery.validation import Findings, check_tree
from lockgate.domain.errors import ConflictError, Fault
from lockgate.domain.names import ProjectName
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
    found = replace(found, remarks=(*found.remarks, *_removed_gates(files, changed)))
    try:
        project = parse_shipyard(SHIPYARD, files[SHIPYARD], name)
        refuse_taken_namespaces(project, await other_projects(outside, name))
    except ConflictError as error:
        return Findings((Fault(SHIPYARD, 0, "stages", str(error)),), found.remarks)
    return found


def _removed_gates(files: Mapping[str, str], changed: tuple[str, ...]) -> list[str]:
    """Allowed, since a service may go; and a gate that is lost by accident must not be noticed at night."""
    return [
        f"{path} is removed: while {service} has no gate, its artifacts are refused in stages with performance tests"
        for path in changed
        for service, _, below in [path.partition("/")]
        if below in GATES and path not in files and not any(f"{service}/{gate}" in files for gate in GATES)
    ]
