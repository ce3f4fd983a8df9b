"""Events: what happened, and all that a user is ever shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """The first five are the document's (their data fields: docs/reference/events.md); the others close its gaps."""

    NEW_ARTIFACT = "sh.keptn.events.new-artifact"
    CONFIGURATION_CHANGED = "sh.keptn.events.configuration-changed"
    DEPLOYMENT_FINISHED = "sh.keptn.events.deployment-finished"
    TESTS_FINISHED = "sh.keptn.events.tests-finished"
    EVALUATION_DONE = "sh.keptn.events.evaluation-done"
    STAGE_STARTED = "sh.lockgate.events.stage-started"
    WAITING = "sh.lockgate.events.waiting"
    STEP_STARTED = "sh.lockgate.events.step-started"
    ROLLBACK_FINISHED = "sh.lockgate.events.rollback-finished"
    STAGE_FINISHED = "sh.lockgate.events.stage-finished"
    EVALUATION_INVALIDATED = "sh.lockgate.events.evaluation-invalidated"
    DELIVERY_FINISHED = "sh.lockgate.events.delivery-finished"


NEW_ARTIFACT_ALIASES = frozenset({EventType.NEW_ARTIFACT.value, "sh.keptn.events.new-artefact"})


@dataclass(frozen=True, slots=True)
class Event:
    """Identity is (source, id). *context* is the delivery's id; *cursor* counts up in the order of the log and is 0
    before the event is stored; *data* is JSON."""

    id: str
    source: str
    type: str
    time: datetime
    context: str
    data: Mapping[str, Any]
    cursor: int = 0
