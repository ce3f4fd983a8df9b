"""What deliveries and evaluations look like, for the description of the API; api/views.py fills them."""

from typing import Any

from pydantic import Field

from lockgate.api.shapes import Number, Shape, Time


class DeliveryShape(Shape):
    id: str
    project: str
    service: str
    image: str
    tag: str
    labels: dict[str, str]
    accepted_at: Time
    finished_at: Time | None
    outcome: str | None = Field(description="promoted, rejected, unjudged or errored; null while it is under way")
    reason: str


class DeliveriesShape(Shape):
    deliveries: list[DeliveryShape]


class RunShape(Shape):
    """A delivery's part in a stage. *fixed* marks a service that the delivery only needs, such as a database."""

    stage: str
    service: str
    image: str
    tag: str
    fixed: bool
    state: str
    queued_at: Time | None
    started_at: Time | None
    finished_at: Time | None
    outcome: str | None
    reason: str
    waiting_for: str = Field(description="Who has its lane, or why its deployment is not ready; empty when it goes on")
    verdict: str | None = Field(description="pass, warning, fail, no_data, error, or `not evaluated`")
    evaluation: str | None


class SampleShape(Shape):
    labels: dict[str, str]
    value: Number
    timestamp: float = Field(description="Seconds since 1970")


class MeasurementShape(Shape):
    """With *samples* and *warnings* when the source answered, with *error* when it did not."""

    source: str
    query: str
    request: str
    samples: list[SampleShape] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    error: str = ""


class SetAsideShape(Shape):
    sample: SampleShape
    reason: str


class ViolationShape(Shape):
    breach: str
    key: str
    value: Number | None
    threshold: Number | None
    metadata: dict[str, Any]


class IndividualShape(SampleShape):
    targets: dict[str, Number]


class IndicatorShape(Shape):
    id: str
    verdict: str
    points: Number
    points_possible: Number
    measurement: MeasurementShape
    judged: list[SampleShape]
    set_aside: list[SetAsideShape]
    violations: list[ViolationShape]
    targets: dict[str, Number]
    individual: list[IndividualShape]
    key: bool
    informational: bool
    arithmetic: list[str]
    notes: list[str]
    sentence: str
    would_pass: str


class WindowShape(Shape):
    start: Time
    end: Time


class SpecShape(Shape):
    path: str
    revision: str
    text: str


class EvaluationShape(Shape):
    id: str
    project: str
    stage: str
    service: str
    delivery: str
    image: str
    tag: str
    release: str
    colour: str
    deployment: str
    window: WindowShape
    spec: SpecShape
    verdict: str
    score: Number
    score_possible: Number
    in_percent: bool = Field(description="Whether score and needed are percentages of the points, not points")
    needed: dict[str, Number]
    sentence: str
    would_pass: str
    arithmetic: list[str]
    compared_with: list[str] = Field(description="Ids of the evaluations that made the baseline, newest first")
    invalidated: str | None = Field(description="Why it is no baseline any more")
    indicators: list[IndicatorShape]


class EvaluationsShape(Shape):
    evaluations: list[EvaluationShape]


class JourneyShape(DeliveryShape):
    stages: list[str]
    runs: list[RunShape]
    evaluations: list[EvaluationShape]
