"""The files that pages load: all of them from here, none from elsewhere."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from lockgate.domain.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    files: Mapping[str, Asset]

    def asset(self, name: str) -> Asset:
        """Raises NotFoundError. *name* is looked up in a table, so it cannot lead out of the folder."""
        if name not in self.files:
            raise NotFoundError("file", name, self.files)
        return self.files[name]

    def url(self, name: str) -> str:
        """Another content has another URL, so that browsers may keep what they have for ever."""
        return f"/static/{name}?v={sha256(self.asset(name).content).hexdigest()[:8]}"


def packaged() -> Assets:
    found = {}
    for file in (files("lockgate.console") / "static").iterdir():
        kind = mimetypes.guess_type(file.name)[0] or "text/plain"
        found[file.name] = Asset(content=file.read_bytes(), media_type=kind)
    return Assets(found)
