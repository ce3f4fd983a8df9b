"""Where a service's gate lies below its folder, and its two formats as one."""

from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.domain.errors import Fault, SpecError
from lockgate.domain.gate import Gate
from lockgate.specs.perfspec import parse_perfspec
from lockgate.specs.sli import AnyName, Sli, parse_sli
from lockgate.specs.slo import parse_slo

PERFSPEC = "perfspec/perfspec.json"
SLO, SLI = "slo.yaml", "sli.yaml"
GATES = (PERFSPEC, SLO)
"""The file that is the gate, in either format."""

_SLI_BEGINS = "\n--- # sli.yaml\n"


@dataclass(frozen=True, slots=True)
class GateFile:
    """*path* in the repository; *text* is the file's, for an SLO file with its SLI file behind it as a second
    document."""

    path: str
    text: str


def gate_file(service: str, files: Mapping[str, str]) -> GateFile | None:
    """*files*: path below the service's folder → text. None: there is no gate. Raises SpecError where there is half of
    one, or two."""
    if SLO in files and PERFSPEC in files:
        twice = f"stands beside {PERFSPEC}, and a service has one gate: remove one of the two"
        raise SpecError([Fault(f"{service}/{SLO}", 0, "", twice)])
    if PERFSPEC in files:
        return GateFile(f"{service}/{PERFSPEC}", files[PERFSPEC])
    if SLO not in files:
        if SLI in files:
            alone = f"has no {SLO} beside it: without objectives nothing is judged"
            raise SpecError([Fault(f"{service}/{SLI}", 0, "", alone)])
        return None
    if SLI not in files:
        alone = f"has no {SLI} beside it, which names the query of each objective's sli"
        raise SpecError([Fault(f"{service}/{SLO}", 0, "", alone)])
    return GateFile(f"{service}/{SLO}", joined(files[SLO], files[SLI]))


def joined(slo: str, sli: str) -> str:
    return slo.rstrip("\n") + _SLI_BEGINS + sli


def is_joined(text: str) -> bool:
    return _SLI_BEGINS in text


def parse_gate(file: GateFile) -> Gate:
    """Raises SpecError with the faults of both files of an SLO gate, as far as they can be told apart."""
    if file.path.endswith(".json"):
        return parse_perfspec(file.path, file.text)
    slo, _, sli = file.text.partition(_SLI_BEGINS)
    folder, slash, _ = file.path.rpartition("/")
    faults: list[Fault] = []
    indicators: Mapping[str, Sli] = AnyName()
    try:
        indicators = parse_sli(f"{folder}{slash}{SLI}", sli)
    except SpecError as error:
        faults += error.faults
    try:
        gate = parse_slo(file.path, slo, indicators)
    except SpecError as error:
        faults += error.faults
    if faults:
        raise SpecError(faults)
    return gate
