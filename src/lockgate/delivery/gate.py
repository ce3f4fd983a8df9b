"""The gate in force for a stage run: its file at the run's revision, or why it may be missing."""

from collections.abc import Mapping
from dataclasses import replace

from lockgate.delivery.outside import Outside
from lockgate.domain.errors import ConflictError, SpecError
from lockgate.domain.evaluation import Evaluation, SpecSource
from lockgate.domain.gate import Gate
from lockgate.domain.project import Place
from lockgate.ports.config_repo import Revision
from lockgate.specs.gate_files import GATES, PERFSPEC, GateFile, gate_file, parse_gate

_SHIPPED = "perfspec/perfspec_prometheus.json"  # as onboarding writes it


def gate_source(service: str, files: Mapping[str, str], revision: str) -> SpecSource | None:
    """*files* below the service's folder at *revision*. None: there is no gate. Raises SpecError for two, or half a
    one."""
    file = gate_file(service, files)
    return None if file is None else SpecSource(path=file.path, revision=revision, text=file.text)


def gate_of(source: SpecSource) -> Gate:
    """Raises SpecError."""
    return parse_gate(GateFile(source.path, source.text))


def comparable_part(gate: Gate, earlier: Evaluation) -> Evaluation:
    """*earlier* without the indicators that were measured by another query or source than *gate* has: milliseconds
    must not be compared with seconds."""
    try:
        then = {each.id: (each.source, each.query) for each in gate_of(earlier.spec).indicators}
    except SpecError:  # its file was read by an older release
        then = {}
    same = {each.id for each in gate.indicators if then.get(each.id) == (each.source, each.query)}
    return replace(earlier, indicators=tuple(each for each in earlier.indicators if each.id in same))


async def refuse_missing_gate(outside: Outside, place: Place, files: Mapping[str, str], revision: str) -> None:
    """A gate may be missing only while nothing was ever promoted from *place* and none was ever there, as of
    *revision*: one that was pushed while a run was under way counts for the next. Raises ConflictError."""
    if gate_file(place.service, files) is not None:
        return
    paths = [f"{place.service}/{gate}" for gate in GATES]
    removed = [path for path in paths if await outside.repo.ever_held(place.project, path, Revision(revision))]
    if removed:
        raise ConflictError(
            f"the quality gate {' or '.join(removed)} was removed from main: git log -1 -- {' '.join(removed)} names "
            "the commit, git revert COMMIT and a push bring it back"
        )
    if await outside.lanes.ever_promoted(place):
        raise ConflictError(f"the quality gate {place.service}/{PERFSPEC} is missing on main: {_owed(place, files)}")


def _owed(place: Place, files: Mapping[str, str]) -> str:
    if _SHIPPED in files:
        return f"git mv {place.service}/{_SHIPPED} {place.service}/{PERFSPEC}, commit and push"
    return "write it (docs/reference/perfspec.md), commit and push"
