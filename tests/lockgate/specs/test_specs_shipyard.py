"""The shipyard: stages in order, and every fault at once."""

import pytest

from lockgate.domain.errors import InvalidError, SpecError
from lockgate.domain.project import DeploymentStrategy, Stage, TestStrategy
from lockgate.specs.shipyard import parse_shipyard

DOCUMENT = """\
registry: sockshop
stages:
  - name: "dev"
    deployment_strategy: "direct"
    test_strategy: "functional"
  - name: "staging"
    deployment_strategy: "blue_green_service"
    test_strategy: "performance"
  - name: "production"
    deployment_strategy: "blue_green_service"
"""


def faults_of(text: str, project: str = "sockshop") -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse_shipyard("shipyard.yaml", text, project)
    return [str(fault) for fault in caught.value.faults]


def test_the_documents_shipyard_gives_its_three_stages_in_order() -> None:
    project = parse_shipyard("shipyard.yaml", DOCUMENT, "sockshop")
    assert project.name == "sockshop"
    assert [stage.name for stage in project.stages] == ["dev", "staging", "production"]
    assert project.stages[1] == Stage(
        name=project.stages[1].name, deployment=DeploymentStrategy.BLUE_GREEN, tests=TestStrategy.PERFORMANCE
    )
    assert project.stages[2].tests is None


def test_all_faults_come_at_once_with_their_lines() -> None:
    text = """\
stages:
  - name: Dev
    deployment_strategy: drect
    test_strategy: fast
  - name: dev
    deployment_stratgy: direct
  - name: dev
    deployment_strategy: direct
  - name: dev
    deployment_strategy: direct
    approval_strategy: {pass: manual}
colour: blue
"""
    faults = faults_of(text)
    assert faults[0].startswith("shipyard.yaml:2: stages[0].name: stage name 'Dev' is not well-formed")
    assert faults[1] == (
        "shipyard.yaml:3: stages[0].deployment_strategy: unknown value 'drect': did you mean 'direct'? "
        "Known are direct, blue_green_service"
    )
    assert faults[2].startswith("shipyard.yaml:4: stages[0].test_strategy: unknown value 'fast'")
    assert faults[3] == "shipyard.yaml:5: stages[1]: field 'deployment_strategy' is missing"
    assert (
        "shipyard.yaml:6: stages[1].deployment_stratgy: unknown field: did you mean 'deployment_strategy'?" in faults[4]
    )
    assert faults[5] == "shipyard.yaml:9: stages[3]: stage 'dev' stands twice: the first is in line 7"
    assert faults[6] == "shipyard.yaml:11: stages[3].approval_strategy: is not supported yet: remove it"
    assert faults[7].startswith("shipyard.yaml:12: colour: unknown field")
    assert len(faults) == 8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be an object with the fields stages"),
        ("stages: []", "at least one entry"),
        ("stages: dev", "must be a list, not 'dev'"),
        ("stages: [dev]", "must be an object"),
        ("project: x", "field 'stages' is missing"),
        ("stages: [{name: 1, deployment_strategy: direct}]", "must be a text, not 1"),
        ("stages: [{name: '', deployment_strategy: direct}]", "must not be empty"),
        ("stages: [{name: dev, deployment_strategy: [a]}]", "must be a text, not a list"),
    ],
)
def test_a_shipyard_without_proper_stages_is_refused(text: str, words: str) -> None:
    assert words in faults_of(text)[0]


def test_project_and_stage_together_must_fit_a_namespace() -> None:
    stages = f"stages: [{{name: {'s' * 40}, deployment_strategy: direct}}]"
    assert parse_shipyard("shipyard.yaml", stages, "p" * 22).stages
    assert "has 64 characters and may have 63" in faults_of(stages, "p" * 23)[0]


def test_a_project_name_that_is_no_label_is_refused() -> None:
    with pytest.raises(InvalidError, match="project name"):
        parse_shipyard("shipyard.yaml", DOCUMENT, "Sock Shop")


def test_a_file_that_names_its_project_is_accepted() -> None:
    assert parse_shipyard("shipyard.yaml", "project: sockshop\n" + DOCUMENT, "sockshop").first.name == "dev"
