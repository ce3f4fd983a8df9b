"""The kubelet: for every pod object one life on this machine, and none for anything else."""

import asyncio
import logging

from pocketkube.objects.reconcile import reconcile_forever
from pocketkube.runtime.node import Node
from pocketkube.runtime.pod import FINALIZER, PodLife, empty_folder

_log = logging.getLogger(__name__)


class Kubelet:
    """Starts a life when a pod appears (also the first time it looks: that is adoption), and tells it what changes."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lives: dict[tuple[str, str], tuple[PodLife, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Until cancelled; then every process keeps running."""
        await self._end_strays()
        try:
            await reconcile_forever(
                self._node.store,
                ["Pod"],
                lambda pod: [(pod["metadata"]["namespace"], pod["metadata"]["name"])],
                self._reconcile,
            )
        finally:
            tasks = [task for _, task in self._lives.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _reconcile(self, namespace: str, name: str) -> None:
        key = (namespace, name)
        pod = self._node.store.find("Pod", namespace, name)
        known = self._lives.get(key)
        if known is not None and (pod is None or pod["metadata"]["uid"] != known[0].uid):
            known[0].vanish()
            await known[1]
            del self._lives[key]
            known = None
            pod = self._node.store.find("Pod", namespace, name)
        if pod is None:
            return
        if known is None:
            leaving = "deletionTimestamp" in pod["metadata"]
            if leaving and FINALIZER not in (pod["metadata"].get("finalizers") or []):
                return  # It waits for somebody else only.
            life = PodLife(pod, self._node)
            self._lives[key] = (life, asyncio.create_task(life.run()))
        else:
            known[0].observe(pod)

    async def _end_strays(self) -> None:
        """Ends what runs for pods that went while nobody looked."""
        pods = self._node.data.absolute() / "pods"
        for folder in pods.glob("*/*"):
            if self._node.store.find("Pod", folder.parent.name, folder.name) is None:
                _log.warning("ending the processes of %s, whose pod is gone", folder)
                await empty_folder(folder.parent.name, folder.name, self._node)
