"""What a container wrote: DATA/pods/<namespace>/<pod>/<container>/log, and log.1 of the run before."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pocketkube.api.decoding import BadRequestError
from pocketkube.objects.errors import NotFoundError
from pocketkube.objects.kinds import KubeObject

_CHUNK = 64 * 1024
_LOOK_AGAIN = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What `kubectl logs` may ask for; `tail` None means all."""

    container: str
    follow: bool
    previous: bool
    tail: int | None
    limit: int | None

    @classmethod
    def parse(cls, query: Mapping[str, str], pod: KubeObject) -> "LogOptions":
        """BadRequestError for an unknown container, or for what is not kept: the time of each line."""
        for name in ("sinceSeconds", "sinceTime"):
            if query.get(name):
                raise BadRequestError(f"{name} cannot be answered: the time of each line is not kept; use tailLines")
        if query.get("timestamps") == "true":
            raise BadRequestError("timestamps cannot be shown: the time of each line is not kept")
        return cls(
            container=_container(pod, query.get("container", "")),
            follow=query.get("follow") == "true",
            previous=query.get("previous") == "true",
            tail=_number(query, "tailLines"),
            limit=_number(query, "limitBytes"),
        )


def open_log(pods: Path, pod: KubeObject, options: LogOptions) -> IO[bytes]:
    """The log, at the place to read from. BadRequestError or NotFoundError say why there is none."""
    metadata = pod["metadata"]
    folder = pods / metadata["namespace"] / metadata["name"] / options.container
    try:
        log: IO[bytes] = (folder / ("log.1" if options.previous else "log")).open("rb")
    except FileNotFoundError:
        raise _why_none(pod, options) from None
    if options.tail is not None:
        log.seek(_start_of_last_lines(log, options.tail))
    return log


async def stream(
    log: IO[bytes], options: LogOptions, current_pod: Callable[[], KubeObject | None]
) -> AsyncIterator[bytes]:
    """The rest of the log; with `follow` what is added, until this run of the container is over."""
    left = options.limit
    with log:
        while True:
            over = not options.follow or _is_over(log, options, current_pod())
            while chunk := log.read(_CHUNK):
                yield chunk if left is None else chunk[:left]
                left = None if left is None else left - len(chunk)
                if left is not None and left <= 0:
                    return
            if over:
                return
            await asyncio.sleep(_LOOK_AGAIN)


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not text.isdigit():
        raise BadRequestError(f"{name} must be a number of 0 or more, not {text!r}")
    return int(text)


def _container(pod: KubeObject, asked: str) -> str:
    spec, name = pod["spec"], pod["metadata"]["name"]
    names = [each["name"] for each in [*spec.get("initContainers", ()), *spec["containers"]]]
    if asked and asked not in names:
        raise BadRequestError(f"container {asked} is not valid for pod {name}; it has: {', '.join(names)}")
    if not asked and len(spec["containers"]) > 1:
        chosen = " ".join(names)
        raise BadRequestError(f"a container name must be specified for pod {name}, choose one of: [{chosen}]")
    first: str = spec["containers"][0]["name"]
    return asked or first


def _status(pod: KubeObject, container: str) -> Mapping[str, Any]:
    status = pod.get("status", {})
    both = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
    return next((each for each in both if each["name"] == container), {})


def _why_none(pod: KubeObject, options: LogOptions) -> Exception:
    name = pod["metadata"]["name"]
    if options.previous:
        return BadRequestError(f'previous terminated container "{options.container}" in pod "{name}" not found')
    waiting = _status(pod, options.container).get("state", {}).get("waiting")
    if waiting or not _status(pod, options.container):
        why = (waiting or {}).get("reason", "ContainerCreating")
        message = f'container "{options.container}" in pod "{name}" is waiting to start: {why}'
        return BadRequestError(message)
    return NotFoundError(f'the log of container "{options.container}" in pod "{name}" is gone')


def _is_over(log: IO[bytes], options: LogOptions, pod: KubeObject | None) -> bool:
    """Whether nothing will be added any more: read on to the end after asking, not before."""
    if pod is None or options.previous:
        return True
    try:
        if os.fstat(log.fileno()).st_ino != Path(log.name).stat().st_ino:
            return True  # A new run writes a new file.
    except FileNotFoundError:
        return True
    state = _status(pod, options.container).get("state", {})
    return "terminated" in state or "CrashLoopBackOff" in str(state.get("waiting"))


def _start_of_last_lines(log: IO[bytes], lines: int) -> int:
    end = log.seek(0, os.SEEK_END)
    if lines == 0:
        return end
    position, found = end, b""
    while position > 0 and found.rstrip(b"\n").count(b"\n") < lines:
        step = min(_CHUNK, position)
        position -= step
        log.seek(position)
        found = log.read(step) + found
    kept = found.splitlines(keepends=True)[-lines:]
    return end - sum(len(line) for line in kept)
