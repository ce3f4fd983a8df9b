"""What answers look like, for the description of the API; api/views.py fills them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Number = int | float | Literal["NaN", "+Inf", "-Inf"]
"""JSON has no NaN and no infinity; a whole number stays one."""

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Shape(BaseModel):
    """A field that views fill and no shape names is a bug, and shows as one."""

    model_config = ConfigDict(extra="forbid")


class Problem(Shape):
    """RFC 9457. *faults* when a file is wrong; *known* when a name is."""

    type: str
    title: str
    status: int
    detail: str
    faults: list["FaultShape"] = Field(default_factory=list)
    known: list[str] = Field(default_factory=list)


class FaultShape(Shape):
    file: str
    line: int = Field(description="Counts from 1; 0 when the file as a whole is meant")
    field: str
    message: str


class StageShape(Shape):
    name: str
    deployment_strategy: str
    test_strategy: str | None


class ProjectShape(Shape):
    name: str
    stages: list[StageShape]


class ProjectsShape(Shape):
    projects: list[ProjectShape]


class ServicesShape(Shape):
    services: list[str]


class OnboardedShape(Shape):
    service: str
    written: list[str] = Field(description="Paths on `main`")


class SourceShape(Shape):
    source: str
    url: str


class EventShape(Shape):
    """CloudEvents 1.0, structured."""

    specversion: str
    id: str
    source: str
    type: str
    time: Time
    datacontenttype: str
    shkeptncontext: str = Field(description="The delivery's id")
    lockgatecursor: int = Field(description="Its place in the log")
    data: dict[str, Any]


class EventsShape(Shape):
    events: list[EventShape]
    cursor: int = Field(description="Ask since this one next time")


class IdentityShape(Shape):
    id: str
    source: str
    given: bool = Field(description="Whether the sender gave both")


class AcceptedShape(Shape):
    delivery: str
    event: IdentityShape
    page: str = Field(description="A link, good once within five minutes")
    follow: str = Field(description="The command that follows the delivery")
    warnings: list[str]


class PageShape(Shape):
    url: str = Field(description="Good once within five minutes")
