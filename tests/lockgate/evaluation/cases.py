"""Gates and evaluations in few words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lockgate.domain.evaluation import (
    Answer,
    Evaluation,
    Measurement,
    Sample,
    SpecSource,
    Subject,
    Unmeasured,
    Window,
)
from lockgate.domain.gate import (
    Against,
    Alternatives,
    Bound,
    Criteria,
    Criterion,
    Gate,
    Indicator,
    Objectives,
    Operator,
    Thresholds,
)
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place
from lockgate.evaluation.judge import judge

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(seconds=15))
SPEC = SpecSource(path="carts/slo.yaml", revision="abc", text="{}")
PLACE = Place(ProjectName("sockshop"), StageName("staging"), ServiceName("carts"))
SUBJECT = Subject(PLACE, "d-1", "docker.io/keptnexamples/carts", "0.6.1", "new", "green", "carts-green")
Values = Sequence[float | Sample] | Unmeasured


def criterion(text: str) -> Criterion:
    """Of a criterion's text, without a reader's care."""
    operator = next(one for one in ("<=", ">=", "<", ">", "=") if text.startswith(one))
    rest = text.removeprefix(operator)
    number = float(rest.removesuffix("%"))
    if rest.endswith("%"):
        return Criterion(Operator(operator), number, Against.PERCENT, text)
    against = Against.CHANGE if rest[0] in "+-" else Against.VALUE
    return Criterion(Operator(operator), number, against, text)


def alternatives(*lists: str) -> Alternatives:
    """Each of *lists*: criteria with blanks between them."""
    return tuple(tuple(criterion(text) for text in one.split()) for one in lists)


def objective(
    *passing: str, warning: Sequence[str] = (), id: str = "latency", points: float = 1, unit: str = ""
) -> Indicator:
    grading = Criteria(alternatives(*passing), alternatives(*warning))
    return Indicator(id, "Prometheus", "q", grading, points, metadata={"unit": unit} if unit else {})


def relative(percent: Mapping[str, float], id: str = "latency", **limits: float | None) -> Indicator:
    thresholds = replace(Thresholds(percent={Bound(name): value for name, value in percent.items()}), **limits)  # type: ignore[arg-type]
    return Indicator(id, "Prometheus", "q", thresholds, 100, metadata={"unit": "s"})


def slo(*objectives: Indicator, passing: float = 90, warning: float = 75) -> Gate:
    return Gate(objectives, Objectives(passing, warning), in_percent=True)


def perfspec(*indicators: Indicator, passing: float = 90, warning: float = 50) -> Gate:
    return Gate(indicators, Objectives(passing, warning))


def measured(id: str, values: Values) -> Measurement:
    if isinstance(values, Unmeasured):
        return Measurement(id, "Prometheus", "q{release='new'}", values)
    samples = tuple(
        value if isinstance(value, Sample) else Sample({"release": "new", "pod": f"p{n}"}, value, 0.0)
        for n, value in enumerate(values)
    )
    return Measurement(id, "Prometheus", "q{release='new'}", Answer(samples, "POST"))


def verdict_on(gate: Gate, *values: Values, earlier: Sequence[Evaluation] = (), id: str = "e-1") -> Evaluation:
    """*values* in the order of the indicators."""
    pairs = zip(gate.indicators, values, strict=True)
    return judge(gate, [measured(one.id, value) for one, value in pairs], SUBJECT, WINDOW, SPEC, id, earlier)


def run_before(*values: Values, id: str = "e-0") -> Evaluation:
    """An earlier evaluation that judged these values of `latency`, and so on."""
    names = ("latency", "second", "third")[: len(values)]
    gate = perfspec(*(Indicator(name, "Prometheus", "q", Thresholds(upper_severe=1e300), 100) for name in names))
    return verdict_on(gate, *values, id=id)
