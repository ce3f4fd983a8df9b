"""A project: an ordered list of stages that every artifact of its services passes."""

from dataclasses import dataclass
from enum import StrEnum

from lockgate.domain.errors import NotFoundError
from lockgate.domain.names import ProjectName, ServiceName, StageName, namespace_of


class DeploymentStrategy(StrEnum):
    DIRECT = "direct"
    BLUE_GREEN = "blue_green_service"


class TestStrategy(StrEnum):
    __test__ = False  # pytest collects classes by this prefix

    FUNCTIONAL = "functional"
    PERFORMANCE = "performance"


@dataclass(frozen=True, slots=True)
class Stage:
    name: StageName
    deployment: DeploymentStrategy
    tests: TestStrategy | None


@dataclass(frozen=True, slots=True)
class Project:
    name: ProjectName
    stages: tuple[Stage, ...]

    @property
    def first(self) -> Stage:
        return self.stages[0]

    def stage(self, name: StageName) -> Stage:
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise NotFoundError(f"stage of project {self.name}", name, [stage.name for stage in self.stages], in_order=True)

    def after(self, name: StageName) -> Stage | None:
        """The stage an artifact goes to next; None after the last one."""
        following = self.stages[self.stages.index(self.stage(name)) + 1 :]
        return following[0] if following else None


@dataclass(frozen=True, slots=True)
class Place:
    """One service in one stage of one project: what a lane, a route and a state file belong to."""

    project: ProjectName
    stage: StageName
    service: ServiceName

    @property
    def namespace(self) -> str:
        return namespace_of(self.project, self.stage)

    def __str__(self) -> str:
        return f"{self.project}/{self.stage}/{self.service}"
