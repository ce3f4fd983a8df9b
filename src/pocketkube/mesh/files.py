"""The files that Envoy reads: written by rename, only when their content changes, named by a digest of it."""

import hashlib
import json
from pathlib import Path
from typing import Any

from pocketkube.kit.files import write_atomically

Resources = list[dict[str, Any]]


class EnvoyFiles:
    """What is on disk; names are `cds`, `lds`, `rds/<listener>`, `eds/<cluster's stem>`.

    The version of a file is a digest of its content, for Envoy keeps the old version of routes that did not change.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._known: dict[str, tuple[str, Resources]] = {}
        for path in sorted(self._folder.glob("**/*.json")):
            self._load(path)

    def path(self, name: str) -> str:
        return str(self._folder / f"{name}.json")

    def resources(self, name: str) -> Resources | None:
        """None if there is no such file. Not to be edited."""
        known = self._known.get(name)
        return None if known is None else known[1]

    def version(self, name: str) -> str | None:
        known = self._known.get(name)
        return None if known is None else known[0]

    def names(self, room: str) -> list[str]:
        """The files of `rds` or `eds`."""
        return sorted(name for name in self._known if name.startswith(f"{room}/"))

    def write(self, name: str, resources: Resources) -> bool:
        """Whether anything had to be written."""
        if self.resources(name) == resources:
            return False
        version = hashlib.sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:16]
        self._known[name] = (version, resources)
        self.write_again(name)
        return True

    def write_again(self, name: str) -> None:
        """Makes Envoy read it once more."""
        version, resources = self._known[name]
        text = json.dumps({"version_info": version, "resources": resources}, indent=1)
        write_atomically(Path(self.path(name)), text)

    def remove(self, name: str) -> None:
        self._known.pop(name, None)
        Path(self.path(name)).unlink(missing_ok=True)

    def _load(self, path: Path) -> None:
        content = json.loads(path.read_text())
        if isinstance(content, dict) and "version_info" in content:
            name = str(path.relative_to(self._folder).with_suffix(""))
            self._known[name] = (content["version_info"], content["resources"])
