"""Ending containers: politely first, then for certain, and nothing of them stays behind."""

import asyncio
import contextlib
import logging
import signal
from pathlib import Path

from pocketkube.runtime.procfs import Identity, belonging, ended, send
from pocketkube.runtime.runs import Run

_GLANCE = 0.02  # seconds

_log = logging.getLogger(__name__)


async def stop_container(container: Path, grace: float) -> None:
    """SIGTERM to the program, `grace` seconds for it, then SIGKILL for all that belong to the container.

    Nothing of it runs after this returns, and nothing on its way will start.
    """
    run = Run.latest(container)
    child = run.revoke() if run is not None else None
    if child is not None and send(child, signal.SIGTERM):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended(child), grace)
    await sweep(container / "root", child)


async def sweep(root: Path, leader: Identity | None = None) -> None:
    """SIGKILL for everything that belongs to the container, until nothing does."""
    beyond_us: set[Identity] = set()
    while members := set(belonging(root, leader)) - beyond_us:
        for member in members:
            try:
                send(member, signal.SIGKILL)
            except PermissionError:
                beyond_us.add(member)
                _log.error("pid %d of %s changed its user and cannot be ended", member.pid, root)
        await asyncio.sleep(_GLANCE)


def containers(data: Path) -> list[Path]:
    """The folders of all containers under DATA: DATA/pods/NAMESPACE/POD/CONTAINER."""
    return sorted(path.parent for path in (data.absolute() / "pods").glob("*/*/[!.]*/runs"))


def stop_all(data: Path, grace: float = 10.0) -> int:
    """Ends every container recorded under DATA; how many were running. For when pocketkube itself is not."""
    return asyncio.run(_stop_all(data, grace))


async def _stop_all(data: Path, grace: float) -> int:
    found = containers(data)
    running = [path for path in found if _runs(path)]
    await asyncio.gather(*(stop_container(path, grace) for path in found))
    return len(running)


def _runs(container: Path) -> bool:
    run = Run.latest(container)
    return bool(belonging(container / "root", run.child() if run is not None else None))
