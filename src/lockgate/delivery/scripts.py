"""A service's own tests: its Locust file and how hard it is driven, read from the service's folder."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.domain.errors import Fault, SpecError
from lockgate.domain.testing import Load
from lockgate.specs.tests_file import PATH, TestsFile, parse_tests_file


@dataclass(frozen=True, slots=True)
class TestScript:
    """*script* is the Locust file's text; *health_path* is None where the values say it."""

    __test__ = False  # pytest collects classes by this prefix

    script: str
    load: Load
    health_path: str | None


def read_tests(service: str, files: Mapping[str, str]) -> TestScript:
    """*files*: path below the service's folder → text. Raises SpecError."""
    wanted = parse_tests_file(f"{service}/{PATH}", files[PATH]) if PATH in files else TestsFile()
    if wanted.script not in files:
        fault = Fault(f"{service}/{wanted.script}", 0, "", "is missing: it is the Locust file that drives the tests")
        raise SpecError([fault])
    _refuse_broken(f"{service}/{wanted.script}", files[wanted.script])
    return TestScript(script=files[wanted.script], load=wanted.load, health_path=wanted.health_path)


def _refuse_broken(file: str, script: str) -> None:
    """It is not run here, and a file that is no Python would be noticed in the middle of a delivery."""
    try:
        ast.parse(script, file)
    except SyntaxError as error:
        raise SpecError([Fault(file, error.lineno or 0, "", f"is not Python: {error.msg}")]) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SpecError([Fault(file, 0, "", f"is not Python: {error}")]) from error
