"""What is served here, as kubectl asks for it: /version, /api, /apis, and the OpenAPI that apply and explain read."""

from collections.abc import Callable, Mapping
from typing import Any

from pocketkube.api.schemas import KUBERNETES_VERSION, all_definitions, definition_name
from pocketkube.api.targets import subresources
from pocketkube.objects.kinds import KINDS, Kind

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
# Groups that only answer questions about the asker; everyone with the token may do everything.
_REVIEWS = {
    "authorization.k8s.io/v1": {
        "selfsubjectaccessreviews": "SelfSubjectAccessReview",
        "selfsubjectrulesreviews": "SelfSubjectRulesReview",
    },
    "authentication.k8s.io/v1": {"selfsubjectreviews": "SelfSubjectReview"},
}


def version() -> dict[str, str]:
    """What `kubectl version` prints as the server's."""
    major, minor, _ = KUBERNETES_VERSION.split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"v{KUBERNETES_VERSION}+pocketkube",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "python",
        "platform": "linux/amd64",
    }


def core_versions(address: str) -> dict[str, Any]:
    """/api"""
    server = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": server}


def groups() -> dict[str, Any]:
    """/apis"""
    found = [group(name) for name in _group_versions() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(name: str) -> dict[str, Any] | None:
    """/apis/<group>"""
    versions = _group_versions().get(name)
    if not versions:
        return None
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": listed, "preferredVersion": listed[0]}


def resources(group_version: str) -> dict[str, Any] | None:
    """/api/v1 and /apis/<group>/<version>"""
    found: list[dict[str, Any]] = []
    for kind, version in _served():
        if _joined(kind.group, version) == group_version:
            found += _resource(kind)
    for plural, name in _REVIEWS.get(group_version, {}).items():
        found.append({"name": plural, "singularName": "", "namespaced": False, "kind": name, "verbs": ["create"]})
    if not found:
        return None
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": found}


def openapi_index() -> dict[str, Any]:
    """/openapi/v3"""
    paths = {_openapi_name(_joined(kind.group, version)) for kind, version in _served()}
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in sorted(paths)}}


def openapi(name: str) -> dict[str, Any] | None:
    """/openapi/v3/<name>: the PATCH operation and the schema of each kind of a group version."""
    kinds = [(kind, version) for kind, version in _served() if _openapi_name(_joined(kind.group, version)) == name]
    if not kinds:
        return None
    paths = {}
    schemas: dict[str, Any] = {}
    for kind, version in kinds:
        where = "/namespaces/{namespace}" if kind.namespaced else ""
        paths[f"/{name}{where}/{kind.plural}/{{name}}"] = {"patch": _patch_operation(kind, version)}
        collection = {"get": {"responses": _RESPONSES, "x-kubernetes-group-version-kind": _gvk(kind, version)}}
        paths[f"/{name}{where}/{kind.plural}"] = collection
        _collect(definition_name(kind), schemas)
        top = dict(schemas[definition_name(kind)])
        schemas[definition_name(kind)] = {**top, "x-kubernetes-group-version-kind": [_gvk(kind, version)]}
    title = {"title": "pocketkube", "version": f"v{KUBERNETES_VERSION}"}
    return {"openapi": "3.0.0", "info": title, "paths": paths, "components": {"schemas": schemas}}


def review(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to an access review: yes."""
    spec = body.get("spec", {})
    answer = {
        "SelfSubjectAccessReview": {"allowed": True, "reason": "the token of this installation may do everything"},
        "SelfSubjectRulesReview": {
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": False,
        },
        "SelfSubjectReview": {"userInfo": {"username": "pocketkube", "groups": ["system:masters"]}},
    }[kind]
    return {"apiVersion": body.get("apiVersion"), "kind": kind, "metadata": {}, "spec": spec, "status": answer}


def review_kind(path: str) -> str | None:
    """The kind of review that is posted to a path, if it is one."""
    group_version, _, plural = path.removeprefix("/apis/").rpartition("/")
    return _REVIEWS.get(group_version, {}).get(plural)


_RESPONSES = {"200": {"description": "OK"}}


def _served() -> list[tuple[Kind, str]]:
    return [(kind, version) for kind in KINDS.values() for version in kind.versions]


def _group_versions() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, version in _served():
        versions = found.setdefault(kind.group, [])
        if version not in versions:
            versions.append(version)
    for group_version in _REVIEWS:
        name, _, version = group_version.partition("/")
        found[name] = [version]
    return found


def _joined(group_name: str, version: str) -> str:
    return f"{group_name}/{version}" if group_name else version


def _openapi_name(group_version: str) -> str:
    return f"apis/{group_version}" if "/" in group_version else f"api/{group_version}"


def _gvk(kind: Kind, version: str) -> dict[str, str]:
    return {"group": kind.group, "kind": kind.kind, "version": version}


def _resource(kind: Kind) -> list[dict[str, Any]]:
    common = {"singularName": "", "namespaced": kind.namespaced}
    whole: dict[str, Any] = {**common, "name": kind.plural, "kind": kind.kind, "singularName": kind.singular}
    whole["verbs"] = _VERBS
    if kind.short_names:
        whole["shortNames"] = list(kind.short_names)
    if kind.categories:
        whole["categories"] = list(kind.categories)
    found = [whole]
    for name in subresources(kind)[1:]:
        part = {**common, "name": f"{kind.plural}/{name}", "kind": kind.kind, "verbs": ["get", "patch", "update"]}
        if name == "scale":
            part |= {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        if name == "log":
            part["verbs"] = ["get"]
        found.append(part)
    return found


def _patch_operation(kind: Kind, version: str) -> dict[str, Any]:
    names = ("dryRun", "fieldManager", "fieldValidation")
    parameters = [{"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in names]
    parameters.append({"name": "force", "in": "query", "schema": {"type": "boolean", "uniqueItems": True}})
    return {
        "operationId": f"patch{kind.kind}{version}",
        "parameters": parameters,
        "responses": _RESPONSES,
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": _gvk(kind, version),
    }


def _collect(name: str, into: dict[str, Any]) -> None:
    """A definition and all it refers to, in the words of OpenAPI 3.0."""
    if name in into:
        return
    into[name] = {}
    into[name] = _translated(all_definitions()[name], lambda below: _collect(below, into))


def _translated(node: Any, refer: Callable[[str], None]) -> Any:
    """JSON Schema as OpenAPI 3.0 says it: one type, references among the components."""
    if isinstance(node, list):
        return [_translated(item, refer) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _translated(value, refer) for key, value in node.items() if key not in ("$ref", "oneOf")}
    if isinstance(result.get("type"), list):
        result["type"] = next(name for name in result["type"] if name != "null")
    if "oneOf" in node:
        result |= {"type": "string", "format": "int-or-string"}
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        refer(name)
        return {**result, "allOf": [{"$ref": f"#/components/schemas/{name}"}], "default": {}}
    return result
