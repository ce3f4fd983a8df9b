"""Files on this machine, checked as the server checks a push."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePath

from lockgate.charts.service import ServiceCharts
from lockgate.delivery.plan import SHIPYARD
from lockgate.delivery.validation import Findings, check_tree
from lockgate.domain.errors import Fault, InvalidError, SpecError
from lockgate.domain.names import project_name
from lockgate.specs.gate_files import SLI, GateFile, joined, parse_gate
from lockgate.specs.perfspec import parse_perfspec, warnings
from lockgate.specs.shipyard import parse_shipyard
from lockgate.specs.sli import parse_sli
from lockgate.specs.tests_file import parse_tests_file

_TEXTS = (".json", ".py", ".toml", ".yaml", ".yml")


def check_file(file: str, text: str) -> Findings:
    """By the name of the file. Raises InvalidError for one that none of Lockgate's files is called."""
    name = PurePath(file).name
    known = next((check for start, check in _CHECKS.items() if name.startswith(start)), None)
    if known is None:
        raise InvalidError(
            f"{file} is no file of Lockgate's by its name: known are {', '.join(_CHECKS)}; "
            "call it so, such as perfspec-new.json; values and manifests are checked with their project: give the "
            "folder of a clone"
        )
    try:
        return Findings((), tuple(f"{file}: {remark}" for remark in known(file, text)))
    except SpecError as error:
        return Findings(error.faults, ())


def check_folder(folder: Path) -> Findings:
    """The folder of a clone, called as its project or as the user likes."""
    files: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in _TEXTS and ".git" not in path.relative_to(folder).parts:
            try:
                files[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                return Findings((_not_utf8(path, error),), ())
    if SHIPYARD not in files and (folder.resolve().parent / SHIPYARD).is_file():
        return Findings((Fault(str(folder), 0, "", f"is a part of a project: check {folder.resolve().parent}"),), ())
    try:
        name = project_name(folder.resolve().name)
    except InvalidError as error:
        return Findings((Fault(str(folder), 0, "", f"a clone is called as its project: {error}"),), ())
    return check_tree(ServiceCharts(), name, files)


def _perfspec(file: str, text: str) -> tuple[str, ...]:
    return warnings(parse_perfspec(file, text))


def _shipyard(file: str, text: str) -> tuple[str, ...]:
    parse_shipyard(file, text, "project")
    return ()


def _tests(file: str, text: str) -> tuple[str, ...]:
    parse_tests_file(file, text)
    return ()


def _slo(file: str, text: str) -> tuple[str, ...]:
    """With the sli.yaml beside it."""
    sli = Path(file).with_name(SLI)
    if not sli.is_file():
        raise SpecError([Fault(file, 0, "", f"has no {SLI} beside it, which names the query of each objective's sli")])
    try:
        beside = sli.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError([_not_utf8(sli, error)]) from error
    return warnings(parse_gate(GateFile(file, joined(text, beside))))


def _not_utf8(path: Path, error: UnicodeDecodeError) -> Fault:
    return Fault(str(path), 0, "", f"is not UTF-8: {error.reason} at byte {error.start}")


def _sli(file: str, text: str) -> tuple[str, ...]:
    parse_sli(file, text)
    return ()


_CHECKS: Mapping[str, Callable[[str, str], tuple[str, ...]]] = {
    "perfspec": _perfspec,
    "shipyard": _shipyard,
    "sli": _sli,
    "slo": _slo,
    "tests": _tests,
}
