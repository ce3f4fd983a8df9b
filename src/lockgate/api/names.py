"""Names in questions: an empty list must not be the answer to a misspelled one."""

from lockgate.delivery import onboarding
from lockgate.delivery.outside import Outside
from lockgate.domain.errors import NotFoundError
from lockgate.domain.names import ProjectName, ServiceName
from lockgate.domain.project import Project


async def check_names(outside: Outside, project: ProjectName, service: ServiceName | None) -> Project:
    """Raises NotFoundError with the known names."""
    found = await onboarding.project_now(outside, project)
    known = await onboarding.services_of(outside, project)
    if service is not None and service not in known:
        raise NotFoundError(f"service in project {project}", service, known)
    return found
