"""Names of projects, services and stages: DNS labels, since they become namespaces and hosts."""

import re
from typing import NewType

from lockgate.domain.errors import InvalidError

ProjectName = NewType("ProjectName", str)
ServiceName = NewType("ServiceName", str)
StageName = NewType("StageName", str)

_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_LONGEST = 63  # RFC 1123: a label has at most 63 characters


def project_name(text: str) -> ProjectName:
    return ProjectName(_label("project", text))


def service_name(text: str) -> ServiceName:
    return ServiceName(_label("service", text))


def stage_name(text: str) -> StageName:
    return StageName(_label("stage", text))


def namespace_of(project: ProjectName, stage: StageName) -> str:
    """`<project>-<stage>`. Raises InvalidError when it is too long for a namespace."""
    namespace = f"{project}-{stage}"
    if len(namespace) > _LONGEST:
        raise InvalidError(
            f"namespace {namespace!r} has {len(namespace)} characters and may have {_LONGEST}: "
            "shorten the name of the project or of the stage"
        )
    return namespace


def _label(what: str, text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise InvalidError(
            f"{what} name {text!r} is not well-formed: start with a lower case letter, then lower case "
            f"letters, digits and dashes, no dash at the end, at most {_LONGEST} characters"
        )
    return text
