"""A service's charts: values for our templates, or plain manifests, whichever its folder holds."""

from collections.abc import Mapping
from functools import lru_cache

from lockgate.charts.plain import FOLDER, Plain, objects_from_plain, parse_plain
from lockgate.charts.templates import objects_from_values
from lockgate.charts.values import VALUES, Values, parse_values
from lockgate.domain.artifact import Artifact
from lockgate.domain.errors import Fault, SpecError
from lockgate.domain.manifest import Manifest
from lockgate.domain.project import Place
from lockgate.ports.chart import ServiceShape

_YAML = (".yaml", ".yml", ".json")

# The same text is asked about at every step of a stage run; what came of it is a value.
_values = lru_cache(maxsize=256)(parse_values)


class ServiceCharts:
    """The port's adapter; it has no state and reads no file."""

    def shape(self, service: str, files: Mapping[str, str]) -> ServiceShape:
        match _parsed(service, files):
            case Values() as values:
                return ServiceShape(values.fixed, values.external_port, values.http, values.health_path)
            case Plain() as plain:
                return ServiceShape(plain.fixed, plain.port, plain.http, plain.health_path)

    def render(self, place: Place, files: Mapping[str, str], artifact: Artifact) -> tuple[Manifest, ...]:
        match _parsed(place.service, files):
            case Values() as values:
                return objects_from_values(place, values, artifact)
            case Plain() as plain:
                return objects_from_plain(place, plain, artifact)


def validate_service(service: str, files: Mapping[str, str]) -> list[Fault]:
    """Every fault of the values or manifests; *files* by path below the service's folder."""
    try:
        _parsed(service, files)
    except SpecError as error:
        return list(error.faults)
    return []


def _parsed(service: str, files: Mapping[str, str]) -> Values | Plain:
    manifests = {
        f"{service}/{path}": text for path, text in files.items() if path.startswith(FOLDER) and path.endswith(_YAML)
    }
    file = f"{service}/{VALUES}"
    if VALUES in files and manifests:
        message = f"stands beside {', '.join(sorted(manifests))}: keep the values or the manifests"
        raise SpecError([Fault(file, 0, "", message)])
    if VALUES in files:
        return _values(service, file, files[VALUES])
    if manifests:
        return parse_plain(service, manifests)
    raise SpecError([Fault(f"{service}/", 0, "", f"holds neither {VALUES} nor {FOLDER}*.yaml: add one of them")])
