"""What all services of a stage share: its namespace and its gateway."""

from lockgate.domain.manifest import Manifest
from lockgate.domain.names import ProjectName, StageName, namespace_of
from lockgate.manifests.naming import ISTIO, MANAGED, gateway_name

PROJECT_LABEL = "lockgate.dev/project"  # on a Namespace: the project that it belongs to


def stage_objects(project: ProjectName, stage: StageName) -> tuple[Manifest, ...]:
    """Namespace, then Gateway: applied without a fence, since every lane of the stage states the same."""
    namespace = namespace_of(project, stage)
    labels = {**MANAGED, PROJECT_LABEL: project, "lockgate.dev/stage": stage}
    return (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}},
        {
            "apiVersion": ISTIO,
            "kind": "Gateway",
            "metadata": {"name": gateway_name(project, stage), "namespace": namespace, "labels": labels},
            "spec": {
                "selector": {"istio": "ingressgateway"},
                "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
            },
        },
    )
