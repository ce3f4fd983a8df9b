"""Where the user's API address and token are kept: `~/.lockgate/credentials`, or below $LOCKGATE_HOME."""

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from lockgate.domain.errors import InvalidError, NotFoundError

_WAY_OUT = "run: lockgate auth --endpoint=URL --api-token-file=FILE"


@dataclass(frozen=True, slots=True)
class Credentials:
    """*endpoint* is the API's address without a slash at its end. The token is in no repr and so in no traceback."""

    endpoint: str
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            bare = self.endpoint.rpartition("/")[2] if "@" not in self.endpoint else ""
            example = f"http://{bare}" if ":" in bare else "http://127.0.0.1:7676"
            raise InvalidError(f"endpoint {self.endpoint!r} is not well-formed: write it as {example}")
        if not self.token or not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise InvalidError(f"the token for {self.endpoint} is empty or holds spaces or control characters")
        object.__setattr__(self, "endpoint", self.endpoint.rstrip("/"))

    @property
    def origin(self) -> str:
        """`scheme://host[:port]`, the form in which git names whom it has credentials for."""
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"


def credentials_file(environment: Mapping[str, str] = os.environ) -> Path:
    """$LOCKGATE_HOME wins over $HOME/.lockgate."""
    home = environment.get("LOCKGATE_HOME") or str(Path.home() / ".lockgate")
    return Path(home).absolute() / "credentials"


def load(file: Path | None = None) -> Credentials:
    """Raises NotFoundError when there is none yet, InvalidError for a file that others may read or that is broken."""
    file = file or credentials_file()
    try:
        with file.open() as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            if mode & 0o077:
                raise InvalidError(f"{file} has mode {mode:04o}, so others may use the token: chmod 600 {file}")
            content = json.load(opened)
    except FileNotFoundError as error:
        raise NotFoundError("credentials file", str(file), (_WAY_OUT,)) from error
    except ValueError as error:
        raise InvalidError(f"{file} is no JSON ({error}): {_WAY_OUT}") from error
    match content:
        case {"endpoint": str(endpoint), "token": str(token)}:
            return Credentials(endpoint=endpoint, token=token)
        case _:
            raise InvalidError(f"{file} must hold the texts endpoint and token: {_WAY_OUT}")


def save(credentials: Credentials, file: Path | None = None) -> None:
    """Mode 0600 from its first byte on, in a folder of mode 0700; replaces the old file as a whole."""
    file = file or credentials_file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".credentials-", delete=False) as unfinished:
        json.dump({"endpoint": credentials.endpoint, "token": credentials.token}, unfinished)
        unfinished.write("\n")
        unfinished.flush()
        os.fsync(unfinished.fileno())
    Path(unfinished.name).replace(file)
