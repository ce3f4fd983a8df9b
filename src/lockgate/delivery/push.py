"""What a push to `main` must satisfy beside the rest of the installation."""

import asyncio
from collections.abc import Mapping

from lockgate.delivery.namespaces import refuse_taken_namespaces
from lockgate.delivery.onboarding import other_projects
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import SHIPYARD
from lockgate.delivery.validation import Findings, check_tree
from lockgate.domain.errors import ConflictError, Fault
from lockgate.domain.names import ProjectName
from lockgate.specs.shipyard import parse_shipyard


async def check_push(outside: Outside, name: ProjectName, files: Mapping[str, str]) -> Findings:
    """*files*: the whole tree of `main` as it would be, path → text."""
    # In a thread: many files take seconds, and deliveries go on meanwhile.
    found = await asyncio.to_thread(check_tree, outside.charts, name, files)
    if found.faults:
        return found
    try:
        project = parse_shipyard(SHIPYARD, files[SHIPYARD], name)
        refuse_taken_namespaces(project, await other_projects(outside, name))
    except ConflictError as error:
        return Findings((Fault(SHIPYARD, 0, "stages", str(error)),), found.remarks)
    return found
