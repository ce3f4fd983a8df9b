"""New routes are on trial until Envoy has taken them: what it refuses is taken back, so that it blocks nobody else."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pocketkube.mesh.admin import EnvoyView
from pocketkube.mesh.compiled import Compiled


@dataclass(slots=True)
class Trials:
    """`former` holds what was served before the routes on trial; `refused` what Envoy did not take.

    `suspects` were refused together: one of them is at fault, so each gets a trial of its own.
    """

    former: dict[str, Compiled | None] = field(default_factory=dict)
    refused: dict[str, Compiled] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)
    _refusals: dict[str, int] = field(default_factory=dict)

    def begin(self, key: str, former: Compiled | None) -> None:
        self.former.setdefault(key, former)

    def note_write(self, file: str, view: EnvoyView | None) -> None:
        """Remembers how often Envoy had refused this file before it was written now."""
        self._refusals[file] = 0 if view is None else view.refusals.get(file, 0)

    def is_refused(self, file: str, view: EnvoyView) -> bool:
        """Whether Envoy has refused what was last written; its count starts over when Envoy does."""
        count = view.refusals.get(file, 0)
        return count > 0 and count != self._refusals.get(file, 0)

    def judge(
        self,
        routes: dict[str, Compiled],
        view: EnvoyView | None,
        version_of: Callable[[str], str | None],
    ) -> None:
        """Ends the trials that Envoy has decided; refused routes are replaced in `routes` by the former ones."""
        if view is None:
            return
        failed: dict[str, Compiled] = {}
        for key in list(self.former):
            compiled = routes.get(key)
            files = [] if compiled is None else route_file_names(compiled)
            if any(self._has_failed(file, view, version_of) for file in files) and compiled is not None:
                failed[key] = compiled
            elif all(view.versions.get(file) == version_of(file) for file in files):
                del self.former[key]
                self.suspects.discard(key)
        for key, compiled in failed.items():
            _put_back(routes, key, self.former.pop(key))
            if len(failed) > 1:
                self.suspects.add(key)
            else:
                self.suspects.discard(key)
                self.refused[key] = compiled

    def must_wait(self, key: str) -> bool:
        """Whether a suspect has to wait for the trial of somebody else; the caller begins the trials."""
        return key in self.suspects and bool(self.former)

    def _has_failed(self, file: str, view: EnvoyView, version_of: Callable[[str], str | None]) -> bool:
        return view.versions.get(file) != version_of(file) and self.is_refused(file, view)


def route_file_names(compiled: Compiled) -> list[str]:
    """The route files that these routes are part of."""
    return ["rds/gateway"] * bool(compiled.hosts) + [f"rds/{name}" for name in compiled.http]


def _put_back(routes: dict[str, Compiled], key: str, former: Compiled | None) -> None:
    if former is None:
        routes.pop(key, None)
    else:
        routes[key] = former
