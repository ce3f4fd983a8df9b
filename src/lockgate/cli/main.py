"""The programs `lockgate` and `keptn`: one table of commands."""

import io
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

from lockgate.cli.ending import End, Ending
from lockgate.cli.manner import group
from lockgate.cli.output import printable
from lockgate.domain.errors import InvalidError, LockgateError, NotFoundError

_ABOUT = "Quality-gated delivery: stages, a gate that fails closed, hitless traffic, and the way back."

# Name → the module of this room that holds it, and what it is called there: imported when it is asked for, since a
# command that asks the server shall not wait for the modules of those that start one.
COMMANDS: Mapping[str, str] = {
    "up": "up:up",
    "down": "up:down",
    "env": "up:env",
    "logs": "up:logs",
    "serve": "serve:serve",
    "demo": "demo.command:demo",
    "auth": "setup:auth",
    "clone": "cloning:clone_project",
    "evaluate": "evaluate:evaluate",
    "explain": "explain:explain",
    "version": "version:version",
}
GROUPS: Mapping[str, str] = {
    "configure": "monitoring:configure",
    "create": "setup:create",
    "onboard": "setup:onboard",
    "send": "send:send",
    "get": "get:get",
    "gate": "gate:gate",
    "evaluation": "evaluate:evaluation",
}


def application(only: str | None = None) -> typer.Typer:
    """With every command or, where *only* is the name of one, with that one."""
    app = group(_ABOUT, {"help_option_names": ["-h", "--help"]})
    known = only in COMMANDS or only in GROUPS
    for name, place in COMMANDS.items():
        if name == only or not known:
            app.command(name)(_at(place))
    for name, place in GROUPS.items():
        if name == only or not known:
            app.add_typer(_at(place), name=name)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Ends the program with one of the exit codes of docs/reference/cli.md."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a sign that the terminal cannot show must not end a delivery's story
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """The exit code. A wrong flag or a missing argument is 1 here: Typer's 2 would mean "rejected"."""
    if arguments == ["--version"]:
        arguments = ["version"]
    try:
        # The flags that may stand before a command take no value, so its name is the first word without a dash.
        named = next((word for word in arguments if not word.startswith("-")), None)
        code = application(named)(args=arguments, prog_name=_called(), standalone_mode=False)
        return int(code or Ending.DONE)
    except End as end:
        _say(end.message if end.ending is Ending.DONE or not end.message else f"Error: {end.message}")
        return end.ending
    except typer.TyperException as error:
        _say(_usage(error))
        return Ending.USAGE
    except (LockgateError, OSError) as error:
        _say(f"Error: {error}")
        return _ending_of_error(error)
    except KeyboardInterrupt:
        return Ending.INTERRUPTED
    except Exception:
        traceback.print_exc()
        _say("Error: this is a bug of Lockgate: please report the lines above")
        return Ending.ERRORED


def _at(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(f"lockgate.cli.{module}"), name)


def _called() -> str:
    """As the user called it, so that `see … --help` can be typed."""
    name = Path(sys.argv[0]).name
    return name if name in ("lockgate", "keptn") else "lockgate"


def _ending_of_error(error: Exception) -> Ending:
    match error:
        case InvalidError():
            return Ending.USAGE
        case NotFoundError():
            return Ending.NOT_FOUND
        case _:
            return Ending.ERRORED


def _usage(error: typer.TyperException) -> str:
    """One line, and where to read on; a command without its subcommand has shown its help already."""
    message = error.format_message().strip()
    if not message:
        return ""
    context = getattr(error, "ctx", None)
    way_out = f": see {context.command_path} --help" if context is not None else ""
    line = " ".join(message.split()).replace("Value error, ", "").removesuffix(".")
    return f"Error: {line}{way_out}"


def _say(message: str) -> None:
    if message:
        typer.echo(printable(message), err=True)


if __name__ == "__main__":
    main()
