"""Judge a push before it is accepted: which branches may move, and whether the files of `main` are valid."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lockgate.configrepo import snapshot
from lockgate.configrepo.program import ask_git, run_git
from lockgate.configrepo.snapshot import Entry, Snapshot
from lockgate.domain.errors import Fault, LockgateError
from lockgate.domain.names import ProjectName
from lockgate.ports.config_repo import MAIN, STATE, Revision

_log = logging.getLogger(__name__)

_MAIN = f"refs/heads/{MAIN}"
_STATE = f"refs/heads/{STATE}"
_OPEN = ("refs/heads/", "refs/tags/")
_NESTED = (f"{_MAIN}/", f"{_STATE}/")
_MOST_FILES = 5000
_LARGEST_TREE = 32 * 1024 * 1024
_MOST_LINES = 50
_SECONDS = 60.0
_TEXT_ONLY = (
    ".json",
    ".py",
    ".toml",
    ".yaml",
    ".yml",
)  # left out silently, such a file would be a gate that is not there


@dataclass(frozen=True, slots=True)
class Findings:
    """What a validator says of a tree: faults refuse the push, warnings are printed beside its acceptance."""

    faults: tuple[Fault, ...] = ()
    warnings: tuple[str, ...] = ()


Validate = Callable[[ProjectName, Mapping[str, str], tuple[str, ...]], Awaitable[Findings]]
"""(project, path → text of the whole new `main`, the paths that the push adds, changes or deletes) → findings."""


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """One line of a pre-receive hook's input; an id of zeros means that the ref is not there."""

    old: str
    new: str
    ref: str

    @property
    def creates(self) -> bool:
        return not self.old.strip("0")

    @property
    def deletes(self) -> bool:
        return not self.new.strip("0")


@dataclass(frozen=True, slots=True)
class Answer:
    """*lines* are printed by the user's git as `remote: …`; *main* is where `main` shall be, if it moves."""

    accepted: bool
    lines: tuple[str, ...]
    main: Revision | None = None


async def judge_push(
    project: ProjectName,
    repository: Path,
    updates: Sequence[RefUpdate],
    quarantine: Mapping[str, str],
    validate: Validate,
) -> Answer:
    """Never raises for what a validator or git does: trouble refuses the push. *quarantine* is the environment in
    which git sees the pushed objects, which are not yet in the repository."""
    refused = [line for update in updates for line in _broken_rule(project, update)]
    if refused:
        return Answer(accepted=False, lines=_printable(refused))
    try:
        async with asyncio.timeout(_SECONDS):
            for update in updates:
                if update.ref == _MAIN:
                    return await _judge_main(project, repository, update, quarantine, validate)
    except TimeoutError:
        return _unchecked(f"the check of {project} took longer than {_SECONDS:g} s")
    except LockgateError as error:
        return _unchecked(str(error))
    except Exception:  # a bug in a validator must not let a push in, nor leave the user without an answer
        _log.exception("the check of a push to %s broke", project)
        return _unchecked("the check itself broke, and Lockgate's log says where")
    return Answer(accepted=True, lines=())


def _broken_rule(project: ProjectName, update: RefUpdate) -> list[str]:
    if update.ref == _STATE:
        return [
            f"Refused: branch {STATE} is written by Lockgate alone. To bring in a version of a service, use:",
            f"  lockgate send event new-artifact --project={project} --service=SERVICE --image=IMAGE --tag=TAG",
        ]
    if update.ref == _MAIN and update.deletes:
        return [f"Refused: branch {MAIN} is what Lockgate reads and cannot be deleted."]
    if not update.ref.startswith(_OPEN) or update.ref.startswith(_NESTED):
        return [f"Refused: {update.ref} is neither a branch nor a tag of the users'. Push branches and tags only."]
    return []


async def _judge_main(
    project: ProjectName, repository: Path, update: RefUpdate, quarantine: Mapping[str, str], validate: Validate
) -> Answer:
    if not update.creates:
        forward = await ask_git(repository, "merge-base", "--is-ancestor", update.old, update.new, more=quarantine)
        if forward.code != 0:
            return _refused(
                f"Refused: branch {MAIN} only moves forward, since deliveries name its commits.",
                f"To put your commits on top of it: git pull --rebase origin {MAIN} && git push",
            )
    held = await snapshot.entries(repository, Revision(update.new), more=quarantine)
    size = sum(entry.size for entry in held)
    if len(held) > _MOST_FILES or size > _LARGEST_TREE:
        return _refused(
            f"Refused: {MAIN} would hold {len(held)} files with {size} bytes in all; "
            f"it may hold {_MOST_FILES} with {_LARGEST_TREE}. Keep what is no configuration elsewhere."
        )
    read = await snapshot.read(repository, held, more=quarantine)
    changed = await _changed(repository, update, held, quarantine)
    findings = await validate(project, read.files, changed)
    return _conclude(update, _with_skipped(findings, read, changed))


async def _changed(
    repository: Path, update: RefUpdate, held: Sequence[Entry], quarantine: Mapping[str, str]
) -> tuple[str, ...]:
    if update.creates:
        return tuple(entry.path for entry in held)
    compare = ("diff-tree", "-r", "-z", "--no-renames", "--name-only", update.old, update.new)
    listing = (await run_git(repository, *compare, more=quarantine)).out
    return tuple(path.decode(errors="surrogateescape") for path in listing.split(b"\0") if path)


def _with_skipped(findings: Findings, read: Snapshot, changed: tuple[str, ...]) -> Findings:
    faults, warnings = list(findings.faults), list(findings.warnings)
    for path, reason in read.skipped.items():
        if path.endswith(_TEXT_ONLY):
            faults.append(Fault(file=path, line=0, field="", message=f"Lockgate cannot read it: {reason}"))
        elif path in changed:
            warnings.append(f"{path} is left out by Lockgate: {reason}")
    return Findings(faults=tuple(faults), warnings=tuple(warnings))


def _conclude(update: RefUpdate, findings: Findings) -> Answer:
    warnings = [f"warning: {warning}" for warning in findings.warnings]
    if not findings.faults:
        return Answer(accepted=True, lines=_printable(warnings), main=Revision(update.new))
    count = len(findings.faults)
    return _refused(
        f"Refused: {count} {'fault' if count == 1 else 'faults'} in the files of branch {MAIN}:",
        *(f"  {fault}" for fault in findings.faults),
        *warnings,
        "Correct them, then: git add . && git commit --amend --no-edit && git push",
    )


def _refused(*lines: str) -> Answer:
    return Answer(accepted=False, lines=_printable(lines))


def _unchecked(reason: str) -> Answer:
    return _refused(f"Refused: this push could not be checked: {reason}.", "Nothing was accepted; push again.")


def _printable(lines: Sequence[str]) -> tuple[str, ...]:
    """One terminal line each: names and texts of a push could hold line ends and escape sequences."""
    flat = ["".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line) for line in lines]
    if len(flat) <= _MOST_LINES:
        return tuple(flat)
    return (*flat[: _MOST_LINES - 1], f"  … and {len(flat) - _MOST_LINES} lines more", flat[-1])
