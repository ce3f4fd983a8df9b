"""PersistentVolumeClaims: a folder each, bound at once, removed with the claim when no pod uses it any more."""

import shutil

from pocketkube.objects.events import record_event
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.reconcile import reconcile_forever
from pocketkube.runtime.node import Node
from pocketkube.runtime.volumes import claim_folder

FINALIZER = "kubernetes.io/pvc-protection"


class VolumeClaimController:
    """Reclaims like a dynamic volume with the policy Delete: the claim's end is the end of its files."""

    def __init__(self, node: Node) -> None:
        self._store = node.store
        self._data = node.data

    async def run(self) -> None:
        await reconcile_forever(self._store, ["PersistentVolumeClaim", "Pod"], _keys, self._reconcile)

    async def _reconcile(self, namespace: str, name: str) -> None:
        claim = self._store.find("PersistentVolumeClaim", namespace, name)
        if claim is None:
            return
        if "deletionTimestamp" not in claim["metadata"]:
            self._bind(claim)
        elif not self._is_used(namespace, name):
            self._remove(claim)

    def _bind(self, claim: KubeObject) -> None:
        namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
        claim_folder(self._data, namespace, name).mkdir(parents=True, exist_ok=True)
        bound = (claim.get("status") or {}).get("phase") == "Bound"

        def bind(found: KubeObject) -> None:
            finalizers = found["metadata"].setdefault("finalizers", [])
            if FINALIZER not in finalizers:
                finalizers.append(FINALIZER)
            found["spec"].setdefault("volumeName", f"pvc-{found['metadata']['uid']}")
            requests = (found["spec"].get("resources") or {}).get("requests") or {}
            found["status"] = {
                **(found.get("status") or {}),
                "phase": "Bound",
                "accessModes": found["spec"].get("accessModes") or ["ReadWriteOnce"],
                "capacity": {"storage": requests.get("storage", "0")},
            }

        changed = self._store.change("PersistentVolumeClaim", namespace, name, bind)
        if not bound:
            record_event(
                self._store,
                changed,
                type="Normal",
                reason="ProvisioningSucceeded",
                message=f"Successfully provisioned volume {changed['spec']['volumeName']}",
                component="persistentvolume-controller",
            )

    def _is_used(self, namespace: str, name: str) -> bool:
        return any(name in _claims(pod) for pod in self._store.list("Pod", namespace))

    def _remove(self, claim: KubeObject) -> None:
        namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
        folder = claim_folder(self._data, namespace, name)
        if folder.exists():
            shutil.rmtree(folder)

        def let_go(found: KubeObject) -> None:
            finalizers = found["metadata"].get("finalizers") or []
            found["metadata"]["finalizers"] = [each for each in finalizers if each != FINALIZER]

        self._store.change("PersistentVolumeClaim", namespace, name, let_go)


def _claims(pod: KubeObject) -> set[str]:
    volumes = pod["spec"].get("volumes") or []
    return {each["persistentVolumeClaim"]["claimName"] for each in volumes if each.get("persistentVolumeClaim")}


def _keys(obj: KubeObject) -> list[tuple[str, str]]:
    namespace = obj["metadata"]["namespace"]
    if obj["kind"] == "Pod":
        return [(namespace, name) for name in sorted(_claims(obj))]
    return [(namespace, obj["metadata"]["name"])]
