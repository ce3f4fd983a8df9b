"""The flags that commands share, and how a command speaks under them."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any

import typer

from lockgate.cli.ending import End, Ending
from lockgate.cli.output import Format, printable

ANSWER_SECONDS = 60.0
DELIVERY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Manner:
    """*timeout*: seconds until an answer or, in a command that *waits* for more than that, until all of it."""

    verbose: bool = False
    quiet: bool = False
    mock: bool = False
    timeout: float = ANSWER_SECONDS
    output: Format = Format.TABLE
    waits: bool = False

    @property
    def answer_seconds(self) -> float:
        """How long one answer may take."""
        return min(self.timeout, ANSWER_SECONDS) if self.waits else self.timeout

    @property
    def talks(self) -> bool:
        """Whether standard output is for a person: JSON and YAML stand there alone, so that a program can read them."""
        return not self.quiet and self.output is Format.TABLE

    def say(self, text: str) -> None:
        if self.talks:
            typer.echo(printable(text))

    def warn(self, text: str) -> None:
        typer.echo(f"Warning: {printable(text)}", err=True)

    def debug(self, text: str) -> None:
        if self.verbose:
            typer.echo(f"debug: {printable(text)}", err=True)


Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Also say what is asked of the server.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what was asked for, and errors.")]
Mock = Annotated[bool, typer.Option("--mock", help="Check the input and send nothing.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0.001, help="Seconds to wait.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print the answer.")]

_KINDS: dict[str, Any] = {"verbose": Verbose, "quiet": Quiet, "mock": Mock, "timeout": Timeout, "output": Output}


def local(command: Callable[..., None] | None = None, *, output: bool = False) -> Callable[..., Any]:
    """A command that asks no server: --verbose and --quiet, and --output where it has something to print."""
    flags: dict[str, object] = {"verbose": False, "quiet": False}
    if output:
        flags["output"] = Format.TABLE
    return _with(command, flags, waits=False) if command else lambda later: _with(later, flags, waits=False)


def asking(
    command: Callable[..., None] | None = None, *, waits: bool = False, output: bool = True
) -> Callable[..., Any]:
    """A command that asks the server: --mock and --timeout as well, and --output unless it has nothing to print."""
    seconds = DELIVERY_SECONDS if waits else ANSWER_SECONDS
    flags: dict[str, object] = {"verbose": False, "quiet": False, "mock": False, "timeout": seconds}
    if output:
        flags["output"] = Format.TABLE
    return _with(command, flags, waits=waits) if command else lambda later: _with(later, flags, waits=waits)


def group(help_: str, context_settings: dict[str, Any] | None = None) -> typer.Typer:
    """A group of commands. Like every command it takes --verbose and --quiet, for those below it."""
    made = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=help_,
        context_settings=context_settings,
    )
    made.callback()(_nothing)
    return made


def _nothing(verbose: Verbose = False, quiet: Quiet = False) -> None:
    """The flags of a group are read by the command below it."""


def _with(command: Callable[..., None], flags: dict[str, object], *, waits: bool) -> Callable[..., None]:
    """*command* gets `manner`, and `invocation` if it asks for it; the user gets the *flags*, name → default."""

    @wraps(command)
    def run(**given: Any) -> None:
        invocation: typer.Context = given["invocation"] if wants_invocation else given.pop("invocation")
        chosen = {name: given.pop(name) for name in flags}
        for name in ("verbose", "quiet"):
            chosen[name] = chosen[name] or _given_above(invocation, name)
        if chosen["verbose"] and chosen["quiet"]:
            raise End(
                Ending.USAGE,
                "Verbose logging and quiet output are mutually exclusive flags. Please use only one.",
            )
        command(manner=Manner(**chosen, waits=waits), **given)

    own = inspect.signature(command, eval_str=True).parameters
    wants_invocation = "invocation" in own
    kept = [each for name, each in own.items() if name not in ("manner", "invocation")]
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("invocation", keyword, annotation=typer.Context),
        *(each.replace(kind=keyword) for each in kept),
        *(inspect.Parameter(name, keyword, default=flags[name], annotation=_KINDS[name]) for name in flags),
    ]
    run.__dict__["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _given_above(invocation: typer.Context, flag: str) -> bool:
    """As in `lockgate -v get projects`."""
    parent = invocation.parent
    while parent is not None:
        if parent.params.get(flag):
            return True
        parent = parent.parent
    return False
