"""The tests file of a service: which load it gets and where it says that it is healthy."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from lockgate.domain.testing import Load
from lockgate.specs.fields import Reader
from lockgate.specs.positions import Spot, read_yaml
from lockgate.specs.tables import Fields, Range, Whole

PATH = "tests/tests.yaml"  # below the service's folder

FILE = Fields((), ("script", "health_path", "load"))
LOAD = Fields((), ("users", "seconds", "spawn_rate"))
USERS, SECONDS, RATE = Whole(1, 200), Whole(1, 3600), Range(0.1, 200.0)


@dataclass(frozen=True, slots=True)
class TestsFile:
    """*script* is a path below the service's folder; *health_path* is None where the service's own files say it."""

    __test__ = False  # pytest collects classes by this prefix

    script: str = "tests/locustfile.py"
    load: Load = Load()  # noqa: RUF009  # a frozen value
    health_path: str | None = None


def parse_tests_file(file: str, text: str) -> TestsFile:
    """Raises SpecError. No file at all is TestsFile()."""
    reader = Reader(file)
    fields = reader.mapping(read_yaml(file, text), *FILE) or {}
    load = reader.mapping(fields.get("load"), *LOAD) or {}
    users = reader.whole(load.get("users"), *USERS)
    seconds = reader.whole(load.get("seconds"), *SECONDS)
    rate = reader.number(load.get("spawn_rate"), *RATE)
    script = _script(reader, fields.get("script"))
    health_path = _health_path(reader, fields.get("health_path"))
    default = TestsFile()
    read = TestsFile(
        script=script or default.script,
        load=Load(
            users=default.load.users if users is None else users,
            seconds=default.load.seconds if seconds is None else seconds,
            spawn_rate=default.load.spawn_rate if rate is None else rate,
        ),
        health_path=health_path,
    )
    return reader.done(read)


def _script(reader: Reader, spot: Spot | None) -> str | None:
    text = reader.text(spot)
    if spot is None or text is None:
        return None
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or path.suffix != ".py":
        reader.fault(spot, f"{text!r} must be a .py file below the service's folder, as tests/locustfile.py")
        return None
    return str(path)


def _health_path(reader: Reader, spot: Spot | None) -> str | None:
    text = reader.text(spot)
    if spot is None or text is None:
        return None
    if not text.startswith("/") or any(character.isspace() for character in text):
        reader.fault(spot, f"{text!r} must be a path that starts with '/' and has no white space, as /health")
        return None
    return text
