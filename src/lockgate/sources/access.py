"""How a source lets us in, and what must not be shown of it."""

import base64
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lockgate.domain.errors import InvalidError
from lockgate.domain.evaluation import RELEASE_OF_SERIES, Answer, Sample
from lockgate.domain.http_header import check_header

_SHORTEST_SECRET = 4  # characters; blotting out a shorter one would make a riddle of every message

_RELEASE = re.compile("[0-9a-f]{8}")  # the id of one, as delivery/plan.py makes it


@dataclass(frozen=True, slots=True)
class Access:
    """*scheme* and *token* make the header Authorization (`Bearer …`, `Api-Token …`), *user* and *password* that of
    HTTP's basic authentication; *headers* are sent besides, and are as secret."""

    scheme: str = "Bearer"
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def sent(self) -> dict[str, str]:
        """Raises InvalidError for what cannot stand in a header, without repeating it."""
        headers = dict(self.headers)
        if self.token is not None and self.user is not None:
            raise InvalidError("give a token or a user with a password, not both")
        if self.token is not None:
            headers["Authorization"] = f"{self.scheme} {self.token}"
        if self.user is not None:
            headers["Authorization"] = f"Basic {self._basic()}"
        for name, value in headers.items():
            check_header(name, value)
        return headers

    def secrets(self) -> tuple[str, ...]:
        """Longest first."""
        basic = self._basic() if self.user is not None else None
        known = [self.token, self.password, basic, *self.headers.values()]
        plain = {secret for secret in known if secret and len(secret) >= _SHORTEST_SECRET}
        return tuple(sorted(plain, key=len, reverse=True))

    def _basic(self) -> str:
        return base64.b64encode(f"{self.user}:{self.password or ''}".encode()).decode()


class Blotter:
    """Takes *secrets* out of what is shown or kept. An answer is read before: a number may have one in it."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        written = ("".join(map(_as_written, secret)) for secret in secrets)
        self._secrets = re.compile("|".join(written)) if secrets else None

    def text(self, text: str) -> str:
        return text if self._secrets is None else self._secrets.sub("***", text)

    def answer(self, answer: Answer) -> Answer:
        """The same numbers."""
        if self._secrets is None:
            return answer
        samples = tuple(Sample(self._labels(each.labels), each.value, each.timestamp) for each in answer.samples)
        return Answer(samples, self.text(answer.request), tuple(map(self.text, answer.warnings)))

    def _labels(self, labels: Mapping[str, str]) -> Mapping[str, str]:
        """A release's label stays: without its name other releases would be judged too, and the one under test would
        not if a short secret stood in its id by chance."""
        blotted = {self.text(name): self.text(text) for name, text in labels.items() if name != RELEASE_OF_SERIES}
        if (release := labels.get(RELEASE_OF_SERIES)) is not None:
            blotted[RELEASE_OF_SERIES] = release if _RELEASE.fullmatch(release) else self.text(release)
        return blotted


def _as_written(character: str) -> str:
    """A pattern for it as a server or a library might write it: as it is, percent-encoded or as in a form, escaped as
    in JSON or in a text of a program, or as in HTML. Letters and digits need nothing of that."""
    if character.isascii() and character.isalnum():
        return character
    percent = "".join(f"%{byte:02x}" for byte in character.encode())
    utf_16 = character.encode("utf-16-be").hex()
    escaped = "".join(rf"\\u{utf_16[at : at + 4]}" for at in range(0, len(utf_16), 4))
    code = ord(character)
    ways = [percent, escaped, f"&#0*{code};", f"&#x0*{code:x};", re.escape(html.escape(character))]
    if character == " ":
        ways.append(r"\+")
    return rf"(?:\\?{re.escape(character)}|(?i:{'|'.join(ways)}))"
