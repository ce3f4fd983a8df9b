"""The story of a run: settings, Locust file, load, report.

Exit codes: 0 the run took place, whatever it saw; 3 it could not take place, and the report says why.
"""

import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import gevent
from gevent.event import Event

from loadrunner.checks import LocustfileError, classes_of_check, each_task_once, load_classes, through_gateway
from loadrunner.clock import seconds_since_epoch
from loadrunner.load import LoadError, run_load
from loadrunner.report import could_not_run, one_line
from loadrunner.settings import Settings, SettingsError, parse_settings, termination_log

COULD_NOT_RUN = 3
_log = logging.getLogger("loadrunner")


def main() -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    stopped = Event()
    gevent.signal_handler(signal.SIGTERM, stopped.set)
    try:
        report = _run(parse_settings(os.environ), stopped)
        exit_code = 0
    except (SettingsError, LocustfileError, LoadError) as error:
        report = could_not_run(os.environ.get("CHECK", ""), str(error))
        exit_code = COULD_NOT_RUN
    line = one_line(report)
    _leave_behind(termination_log(os.environ), line)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return exit_code


def _run(settings: Settings, stopped: Event) -> Mapping[str, object]:
    classes = [
        through_gateway(user_class, settings.host_header)
        for user_class in classes_of_check(load_classes(settings.locustfile), settings.check)
    ]
    if settings.iterations is not None:
        for user_class in classes:
            each_task_once(user_class, settings.iterations, settings.users)
    recorder = run_load(settings, classes, stopped, seconds_since_epoch)
    return recorder.report(check=settings.check, interrupted=stopped.is_set())


def _leave_behind(path: Path, line: str) -> None:
    """Written in place: on a cluster the file is a mount, and a rename over it is refused."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line)
    except OSError as error:
        _log.warning("the report could not be written to %s: %s", path, error)
