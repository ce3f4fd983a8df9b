"""Routes of projects and services."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from lockgate.api.shapes import OnboardedShape, ProjectShape, ProjectsShape, ServicesShape
from lockgate.api.views import project_json
from lockgate.delivery import onboarding
from lockgate.delivery.outside import Outside
from lockgate.domain.names import project_name, service_name


def _encodable(text: str) -> str:
    """Half a surrogate pair is JSON, and no text that a file could hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds a character that UTF-8 cannot write") from error
    return text


FileText = Annotated[str, AfterValidator(_encodable)]


class NewProject(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="A DNS label", examples=["sockshop"])
    shipyard: FileText = Field(description="The text of shipyard.yaml")


class NewService(BaseModel):
    model_config = ConfigDict(extra="forbid")

    service: str = Field(description="A DNS label", examples=["carts"])
    files: dict[FileText, FileText] = Field(
        description="Path below the service's folder → text; values.yaml or manifests/*.yaml"
    )


def router(outside: Outside, templates: onboarding.Templates) -> APIRouter:
    routes = APIRouter(prefix="/v1/projects", tags=["projects"])

    @routes.get("", response_model=ProjectsShape)
    async def list_projects() -> dict[str, Any]:
        names = await outside.repo.projects()
        return {"projects": [project_json(await onboarding.project_now(outside, name)) for name in names]}

    @routes.post("", status_code=201, response_model=ProjectShape)
    async def create_project(new: NewProject) -> dict[str, Any]:
        return project_json(await onboarding.create_project(outside, project_name(new.name), new.shipyard))

    @routes.get("/{project}", response_model=ProjectShape)
    async def get_project(project: str) -> dict[str, Any]:
        return project_json(await onboarding.project_now(outside, project_name(project)))

    @routes.get("/{project}/services", response_model=ServicesShape)
    async def list_services(project: str) -> dict[str, Any]:
        found = await onboarding.project_now(outside, project_name(project))
        return {"services": list(await onboarding.services_of(outside, found.name))}

    @routes.post("/{project}/services", status_code=201, response_model=OnboardedShape)
    async def onboard_service(project: str, new: NewService) -> dict[str, Any]:
        found = await onboarding.project_now(outside, project_name(project))
        name = service_name(new.service)
        written = await onboarding.onboard_service(outside, found.name, name, new.files, templates)
        return {"service": name, "written": list(written)}

    return routes
