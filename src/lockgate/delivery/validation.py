"""What a push to `main` must satisfy: every file that Lockgate reads is parsed at the door."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from lockgate.delivery.plan import SHIPYARD, services_in
from lockgate.delivery.scripts import read_tests
from lockgate.domain.artifact import Artifact
from lockgate.domain.errors import Fault, InvalidError, SpecError
from lockgate.domain.names import ProjectName, ServiceName, service_name
from lockgate.domain.project import Place, Project
from lockgate.domain.release import Colour
from lockgate.manifests.naming import coloured, selector_of
from lockgate.ports.chart import Charts
from lockgate.specs.gate_files import PERFSPEC, gate_file, parse_gate
from lockgate.specs.perfspec import parse_perfspec, warnings
from lockgate.specs.shipyard import parse_shipyard

_LONGEST_LABEL = 63  # of Kubernetes, for the value of a label and for the name of what a host is made of
_DRAFTS = "perfspec/"
_PROBE = Artifact(image="image", tag="tag")


@dataclass(frozen=True, slots=True)
class Findings:
    """*faults* refuse the push; *remarks* are printed and let it pass."""

    faults: tuple[Fault, ...]
    remarks: tuple[str, ...]


def check_tree(charts: Charts, name: ProjectName, files: Mapping[str, str]) -> Findings:
    """*files*: the whole tree of `main` as it would be, path → text."""
    if SHIPYARD not in files:
        return Findings((Fault(SHIPYARD, 0, "", "is missing: every project has one"),), ())
    try:
        project = parse_shipyard(SHIPYARD, files[SHIPYARD], name)
    except SpecError as error:
        return Findings(error.faults, ())
    faults: list[Fault] = []
    remarks: list[str] = []
    for service in services_in(files):
        own = {path.removeprefix(f"{service}/"): text for path, text in files.items() if path.startswith(f"{service}/")}
        try:
            remarks += check_service(charts, project, service, own)
        except SpecError as error:
            faults += error.faults
    return Findings(tuple(faults), tuple(remarks))


def check_service(charts: Charts, project: Project, service: ServiceName, files: Mapping[str, str]) -> tuple[str, ...]:
    """Remarks. Raises SpecError with every fault of the service's files at once; *files* by path below its folder."""
    faults = _too_long(Place(project.name, project.first.name, service))
    remarks: tuple[str, ...] = ()
    fixed = None
    try:
        service_name(service)
        fixed = charts.shape(service, files).fixed
        charts.render(Place(project.name, project.first.name, service), files, fixed or _PROBE)
        if fixed is None:
            read_tests(service, files)
    except SpecError as error:
        faults += error.faults
    except InvalidError as error:
        faults.append(Fault(f"{service}/", 0, "", str(error)))
    try:
        gate = gate_file(service, files)
        if gate is not None and fixed is not None:
            nothing = "judges nothing: the values name a fixed image, which gets no artifacts"
            faults.append(Fault(gate.path, 0, "", nothing))
        remarks = () if gate is None else tuple(f"{gate.path}: {remark}" for remark in warnings(parse_gate(gate)))
        remarks += tuple(f"{fault}, so it could not become the gate" for fault in faults_of_drafts(service, files)[:1])
    except SpecError as error:
        faults += error.faults
    if faults:
        raise SpecError(faults)
    return remarks


def faults_of_drafts(service: ServiceName, files: Mapping[str, str]) -> list[Fault]:
    """Of perfspecs that lie beside the gate, such as those that are there to be renamed. None of them is in force. A
    hidden file, such as the schema that onboarding writes there, is no perfspec."""
    found: list[Fault] = []
    for path, text in files.items():
        is_hidden = PurePosixPath(path).name.startswith(".")
        if path.startswith(_DRAFTS) and path.endswith(".json") and path != PERFSPEC and not is_hidden:
            try:
                parse_perfspec(f"{service}/{path}", text)
            except SpecError as error:
                found += error.faults
    return found


def _too_long(place: Place) -> list[Fault]:
    """Each name is well-formed, and yet what is made of them may be refused by the cluster in the middle of a run."""
    made = {
        "label app": (selector_of(place), "the project or the service"),
        "the Deployment's name": (coloured(place.service, Colour.GREEN), "the service"),
    }
    return [
        Fault(
            f"{place.service}/",
            0,
            "",
            f"{what} {text!r} has {len(text)} characters and may have {_LONGEST_LABEL}: shorten the name of {whose}",
        )
        for what, (text, whose) in made.items()
        if len(text) > _LONGEST_LABEL
    ]
