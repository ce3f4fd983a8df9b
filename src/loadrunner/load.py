"""One run of Locust as a library: users are started, end or are stopped, and what they saw is recorded."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import gevent
import locust
from gevent.event import Event
from locust import User
from locust.env import Environment

from loadrunner.report import Recorder
from loadrunner.settings import Settings

# A request that is on its way when the time is up is finished and counted.
FINISH_REQUESTS_SECONDS = 10.0
_log = logging.getLogger("loadrunner")


class LoadError(Exception):
    """The users could not be started."""


def run_load(settings: Settings, classes: Sequence[type[User]], stopped: Event, clock: Callable[[], float]) -> Recorder:
    """Returns when the time is up, all users have left, or *stopped* is set. Raises LoadError."""
    recorder = Recorder()
    environment: Any = Environment(  # its methods are untyped
        user_classes=list(classes),
        host=settings.target,
        stop_timeout=FINISH_REQUESTS_SECONDS,
        events=locust.events,  # the one that the Locust file's listeners are attached to
    )
    _record(environment, recorder, clock)
    runner = environment.create_local_runner()
    environment.events.init.fire(environment=environment, runner=runner, web_ui=None)
    if settings.iterations is None:
        runner.start(settings.users, spawn_rate=settings.spawn_rate)
    else:
        # All at once: while it starts users, Locust replaces those that have left, and tasks would run again.
        users = settings.users * len(classes)
        runner.start(users, spawn_rate=users)
    spawning = runner.spawning_greenlet
    gevent.wait([stopped, gevent.spawn(_all_left, runner)], timeout=settings.run_seconds, count=1)
    runner.quit()
    if spawning is not None and isinstance(spawning.exception, Exception):
        raise LoadError(f"users could not be started: {spawning.exception}") from spawning.exception
    return recorder


def _all_left(runner: Any) -> None:
    runner.spawning_greenlet.join()
    runner.user_greenlets.join()


def _record(environment: Any, recorder: Recorder, clock: Callable[[], float]) -> None:
    def on_request(request_type: str, name: str, response_time: float, **facts: Any) -> None:
        milliseconds = response_time or 0.0
        sent = facts.get("start_time") or clock() - milliseconds / 1000
        recorder.answered(sent=sent, milliseconds=milliseconds)
        if error := facts.get("exception"):
            text = _explained(error, facts.get("response"))
            recorder.failed(method=request_type, name=name, error=text)

    def on_user_error(user_instance: Any, exception: Exception, tb: Any) -> None:
        _log.error("a task raised", exc_info=(type(exception), exception, tb))
        text = f"{type(exception).__name__}: {exception}"
        recorder.crashed(task=type(user_instance).__name__, error=text)

    environment.events.request.add_listener(on_request)
    environment.events.user_error.add_listener(on_user_error)


def _explained(error: object, response: Any) -> str:
    """The service's own words say more than the client's exception, whose text also differs from URL to URL."""
    status = getattr(response, "status_code", 0) or 0
    judged_by_locustfile = isinstance(error, str) or type(error).__name__ == "CatchResponseError"
    if status >= 400 and not judged_by_locustfile:
        return f"HTTP {status}: {getattr(response, 'text', '') or ''}".rstrip(": ")
    return str(error) or type(error).__name__
