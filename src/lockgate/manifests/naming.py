"""What the objects of a stage are called, and the labels by which they find each other."""

from lockgate.domain.names import ProjectName, StageName, namespace_of
from lockgate.domain.project import Place
from lockgate.domain.release import Colour

ISTIO = "networking.istio.io/v1beta1"
MANAGED = {"app.kubernetes.io/managed-by": "lockgate"}
RELEASE_LABEL = "lockgate.dev/release"


def gateway_name(project: ProjectName, stage: StageName) -> str:
    return f"{namespace_of(project, stage)}-gateway"


def route_name(place: Place) -> str:
    return f"{place.project}-{place.stage}-{place.service}"


def destination_name(place: Place) -> str:
    return f"{place.service}-{place.stage}-destination"


def selector_of(place: Place) -> str:
    """The value of label `app`: every release of a service carries it."""
    return f"{place.project}-selector-{place.service}"


def coloured(name: str, colour: Colour | None) -> str:
    """The name of the Deployment, or of a copy of what it uses, for a colour; None in a direct stage."""
    return name if colour is None else f"{name}-{colour.value}"
