"""What the platform saw of the pods of a release while its check failed: one that died is not one that is slow."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from lockgate.delivery.outside import Outside
from lockgate.domain.errors import LockgateError
from lockgate.domain.manifest import Manifest
from lockgate.domain.names import namespace_of
from lockgate.domain.project import Place
from lockgate.domain.testing import CheckResult
from lockgate.kit.clock import parse_rfc3339
from lockgate.manifests.naming import RELEASE_LABEL

log = logging.getLogger(__name__)


async def with_restarts(outside: Outside, place: Place, release: str, result: CheckResult) -> CheckResult:
    """*result* with what happened to the pods of *release* beside its errors. A read, without effects; where it fails
    the result stands as it is."""
    try:
        pods = await outside.cluster.select("Pod", namespace_of(place.project, place.stage), {RELEASE_LABEL: release})
        told = endings(pods, result.window.start)
    except (LockgateError, ValueError) as error:  # or a time that is none
        log.warning("the pods of release %s could not be looked at: %s", release, error)
        return result
    return replace(result, errors=(*result.errors, *told))


def endings(pods: Iterable[Manifest], since: datetime) -> tuple[str, ...]:
    """Each pod with a container that ended, and each that was started after *since*, in the place of another one."""
    return tuple(text for pod in pods for text in _told(pod, since.replace(microsecond=0)))  # the platform's own grain


def _told(pod: Manifest, since: datetime) -> Iterator[str]:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    for container in status.get("containerStatuses") or ():
        ended = _last_end(container)
        if ended:
            times = int(container.get("restartCount") or 0)
            again = f"was restarted {times} time{'s' if times > 1 else ''}" if times else "ended"
            yield f"pod {name} {again}: {_why(ended)}"
    started = status.get("startTime")
    if started and parse_rfc3339(started) > since:
        yield f"pod {name} was started at {started}, during the check"


def _last_end(container: Mapping[str, Any]) -> Mapping[str, Any]:
    now, before = container.get("state") or {}, container.get("lastState") or {}
    return now.get("terminated") or before.get("terminated") or {}


def _why(ended: Mapping[str, Any]) -> str:
    """`OOMKilled, exit code 137 at 2026-11-22T21:00:00Z`."""
    code = f"exit code {ended['exitCode']}" if "exitCode" in ended else ""
    words = ", ".join(filter(None, (ended.get("reason"), code))) or "the platform does not say why"
    return f"{words} at {ended['finishedAt']}" if ended.get("finishedAt") else words
