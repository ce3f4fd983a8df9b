"""The state file of a service in a stage, as text on branch `state`."""

from typing import Any, assert_never

import yaml

from lockgate.domain.artifact import Artifact
from lockgate.domain.project import DeploymentStrategy
from lockgate.domain.release import BlueGreenState, DirectState, Release, ServiceState, StateFile, Weights
from lockgate.specs.fields import Reader
from lockgate.specs.positions import Spot, read_yaml

_FIRST_LINE = "# Written by Lockgate: what was last verified here, and the candidate that is being tried.\n"
_RELEASE = ["image", "tag", "release", "revision"]


def render_state(state: StateFile) -> str:
    """The same state gives the same text, so that an unchanged state makes no commit."""
    fields = {"fence": state.fence, "verified": _state(state.verified), "candidate": _state(state.candidate)}
    return _FIRST_LINE + yaml.safe_dump(fields, sort_keys=False, allow_unicode=False, width=200)


def parse_state(file: str, text: str) -> StateFile:
    """Raises SpecError."""
    reader = Reader(file)
    fields = reader.mapping(read_yaml(file, text), ["fence", "verified", "candidate"], []) or {}
    fence = reader.whole(fields.get("fence"), 0, 2**63)
    verified = _read_state(reader, fields.get("verified"))
    candidate = _read_state(reader, fields.get("candidate"))
    return reader.done(None if fence is None else StateFile(verified=verified, candidate=candidate, fence=fence))


def _state(state: ServiceState | None) -> dict[str, Any] | None:
    match state:
        case None:
            return None
        case DirectState():
            return {"deployment_strategy": DeploymentStrategy.DIRECT.value, "direct": _release(state.release)}
        case BlueGreenState():
            return {
                "deployment_strategy": DeploymentStrategy.BLUE_GREEN.value,
                "weights": {"blue": state.weights.blue, "green": state.weights.green},
                "blue": _release(state.blue),
                "green": _release(state.green),
            }
        case _:
            assert_never(state)


def _release(release: Release) -> dict[str, str]:
    artifact = release.artifact
    return {"image": artifact.image, "tag": artifact.tag, "release": release.id, "revision": release.revision}


def _read_state(reader: Reader, spot: Spot | None) -> ServiceState | None:
    if spot is None or spot.value is None:
        return None
    fields = spot.value if isinstance(spot.value, dict) else {}
    if "direct" in fields:
        return _read_direct(reader, spot)
    return _read_blue_green(reader, spot)


def _read_direct(reader: Reader, spot: Spot) -> DirectState | None:
    fields = reader.mapping(spot, ["deployment_strategy", "direct"], []) or {}
    reader.word(fields.get("deployment_strategy"), [DeploymentStrategy.DIRECT])
    release = _read_release(reader, fields.get("direct"))
    return DirectState(release) if release else None


def _read_blue_green(reader: Reader, spot: Spot) -> BlueGreenState | None:
    fields = reader.mapping(spot, ["deployment_strategy", "weights", "blue", "green"], []) or {}
    reader.word(fields.get("deployment_strategy"), [DeploymentStrategy.BLUE_GREEN])
    weights = _read_weights(reader, fields.get("weights"))
    blue, green = _read_release(reader, fields.get("blue")), _read_release(reader, fields.get("green"))
    if weights is None or blue is None or green is None:
        return None
    return BlueGreenState(blue=blue, green=green, weights=weights)


def _read_weights(reader: Reader, spot: Spot | None) -> Weights | None:
    fields = reader.mapping(spot, ["blue", "green"], []) or {}
    blue, green = reader.whole(fields.get("blue"), 0, 100), reader.whole(fields.get("green"), 0, 100)
    if spot is None or blue is None or green is None:
        return None
    if blue + green != 100:
        reader.fault(spot, f"blue {blue} and green {green} must add up to 100")
        return None
    return Weights(blue=blue, green=green)


def _read_release(reader: Reader, spot: Spot | None) -> Release | None:
    fields = reader.mapping(spot, _RELEASE, []) or {}
    image, tag, release, revision = (reader.text(fields.get(name)) for name in _RELEASE)
    if image is None or tag is None or release is None or revision is None:
        return None
    return Release(id=release, artifact=Artifact(image=image, tag=tag), revision=revision)
