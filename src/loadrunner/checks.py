"""From a Locust file to the user classes that one check runs."""

import logging
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from locust import FastHttpUser, HttpUser, TaskSet, User
from locust.exception import InterruptTaskSet, StopUser
from locust.user.task import filter_tasks_by_tags
from locust.util.load_locustfile import load_locustfile
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from loadrunner.settings import CHECKS

# Locust's HttpUser would wait for ever for a service that does not answer.
REQUEST_PATIENCE_SECONDS = 30.0
_log = logging.getLogger("loadrunner")


class LocustfileError(Exception):
    """The Locust file cannot be used; the text says why and, where known, what to write."""


def load_classes(locustfile: Path) -> list[type[User]]:
    """Raises LocustfileError."""
    if not locustfile.is_file():
        raise LocustfileError(f"there is no Locust file {locustfile}")
    sys.dont_write_bytecode = True  # the folder may be a read-only volume
    try:
        classes, shapes = load_locustfile(str(locustfile))
    except SyntaxError as error:
        raise LocustfileError(f"{locustfile.name}, line {error.lineno}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise LocustfileError(f"{locustfile.name}: {type(error).__name__}: {error}") from error
    if shapes:
        _log.warning("%s defines a load shape: it is not used, USERS and RUN_SECONDS hold", locustfile.name)
    return list(classes.values())


def classes_of_check(classes: Sequence[type[User]], check: str) -> list[type[User]]:
    """Those with tasks tagged *check*, and of their tasks only those. Raises LocustfileError when none is."""
    chosen = [user_class for user_class in classes if check in _tags(user_class.tasks)]
    if not chosen:
        known = sorted({tag for user_class in classes for tag in _tags(user_class.tasks)}) or ["none"]
        raise LocustfileError(
            f"no task of the Locust file has the tag {check!r} (tags found: {', '.join(known)}): "
            f'write @tag("{check}") above the @task methods that check {check}; known checks: {", ".join(CHECKS)}'
        )
    for user_class in chosen:
        filter_tasks_by_tags(user_class, {check}, None)
    return chosen


def through_gateway(user_class: type[User], host_header: str | None) -> Any:
    """The same users, with *host_header* in each request and an end to waiting for an answer."""

    def initialise(user: Any, environment: Any) -> None:
        super(prepared, user).__init__(environment)
        client: Any = getattr(user, "client", None)
        if isinstance(user, HttpUser):
            client.mount("http://", _PatientAdapter())
            client.mount("https://", _PatientAdapter())
            client.headers.update({"Host": host_header} if host_header else {})

    metaclass: Any = type(user_class)
    # Locust finds users of a class by its name.
    prepared = metaclass(user_class.__name__, (user_class,), {"__init__": initialise})
    if issubclass(prepared, FastHttpUser):
        if host_header:
            prepared.default_headers = {**(prepared.default_headers or {}), "Host": host_header}
        prepared.network_timeout = min(prepared.network_timeout, REQUEST_PATIENCE_SECONDS)
    return prepared


def each_task_once(user_class: type[User], iterations: int, users: int) -> None:
    """Makes *users* users of the class run every task in order of definition, *iterations* times, and leave."""
    tasks = list(dict.fromkeys(user_class.tasks))

    def one_pass(user: User) -> None:
        for _ in range(iterations):
            for task in tasks:
                _run_once(user, user, task)
        raise StopUser

    user_class.tasks = [one_pass]
    user_class.fixed_count = users


def _run_once(user: User, parent: Any, task: Any) -> None:
    try:
        if isinstance(task, type) and issubclass(task, TaskSet):
            _run_set_once(user, task(parent))
        else:
            task(parent)
    except InterruptTaskSet:
        return
    except StopUser:
        raise
    except Exception as error:
        user.environment.events.user_error.fire(user_instance=parent, exception=error, tb=error.__traceback__)


def _run_set_once(user: User, task_set: Any) -> None:
    task_set.on_start()
    try:
        for task in dict.fromkeys(task_set.tasks):
            _run_once(user, task_set, task)
    finally:
        task_set.on_stop()


def _tags(tasks: Iterable[object]) -> set[str]:
    found: set[str] = set()
    for task in tasks:
        found |= getattr(task, "locust_tag_set", set())
        found |= _tags(getattr(task, "tasks", []))
    return found


class _PatientAdapter(HTTPAdapter):
    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = REQUEST_PATIENCE_SECONDS
        return super().send(request, *args, **kwargs)
