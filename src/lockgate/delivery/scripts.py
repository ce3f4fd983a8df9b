"""A service's own tests: its Locust file and how hard it is driven, read from the service's folder."""

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
    return TestScript(script=files[wanted.script], load=wanted.load, health_path=wanted.health_path)
