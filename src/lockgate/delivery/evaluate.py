"""Judge any window of what runs now, without a delivery: nothing is deployed, promoted or stored."""

from dataclasses import dataclass, field, replace

from lockgate.delivery.earlier import earlier_runs
from lockgate.delivery.gate import gate_of, gate_source
from lockgate.delivery.measure import Measuring
from lockgate.delivery.objects import serving_deployment
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import project_at, service_files
from lockgate.delivery.state import read_state
from lockgate.domain.errors import InvalidError, NotFoundError
from lockgate.domain.evaluation import Evaluation, SpecSource, Subject, Window
from lockgate.domain.labels import Labels
from lockgate.domain.project import Place
from lockgate.domain.release import BlueGreenState
from lockgate.evaluation.judge import judge
from lockgate.ports.config_repo import MAIN
from lockgate.specs.gate_files import GateFile

_NOT_STORED = "not stored"


@dataclass(frozen=True, slots=True)
class Question:
    """*gate*: another one than the file in force on `main`; *labels* stand in its queries as a sender's would."""

    place: Place
    window: Window
    gate: GateFile | None = None
    labels: Labels = field(default_factory=dict)


async def evaluate(outside: Outside, question: Question) -> Evaluation:
    """What the gate says of the release that has the traffic, measured over the window; its id says that it is not
    stored. Raises NotFoundError for unknown names, where nothing was ever deployed and where there is no gate,
    InvalidError for a window that ends before it starts, and SpecError for a gate that a push would refuse."""
    place, window = question.place, question.window
    if window.seconds <= 0:
        raise InvalidError("the window ends before it starts: --start is the earlier moment")
    head = await outside.repo.head(place.project, MAIN)
    (await project_at(outside, place.project, head)).stage(place.stage)
    files = await service_files(outside, place, head)
    source = _given(question.gate) or gate_source(place.service, files, head)
    if source is None:
        raise NotFoundError("quality gate", place.service, way_out="give one with --spec FILE")
    gate, subject = gate_of(source), replace(await _live(outside, place), labels=question.labels)
    measurements = await Measuring(outside, gate, subject, window).ask()
    earlier = await earlier_runs(outside, place, gate, window)
    return judge(gate, measurements, subject, window, source, _NOT_STORED, earlier)


def _given(gate: GateFile | None) -> SpecSource | None:
    return None if gate is None else SpecSource(path=gate.path, revision="", text=gate.text)


async def _live(outside: Outside, place: Place) -> Subject:
    """The release that has the traffic: the one that is tried out, while there is one."""
    state = (await read_state(outside, place)).desired
    if state is None:
        raise NotFoundError("release", str(place), way_out="nothing was promoted there yet")
    release = state.serving
    return Subject(
        place=place,
        delivery="",
        image=release.artifact.image,
        tag=release.artifact.tag,
        release=release.id,
        colour=state.live.value if isinstance(state, BlueGreenState) else "",
        deployment=serving_deployment(place, state).name,
    )
