"""The programs `lockgate` and `keptn`: one table of commands."""

import io
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import typer

from lockgate.cli.cloning import clone_project
from lockgate.cli.demo.command import demo
from lockgate.cli.ending import End, Ending
from lockgate.cli.get import get
from lockgate.cli.manner import Manner, group, local
from lockgate.cli.output import printable
from lockgate.cli.send import send
from lockgate.cli.serve import serve
from lockgate.cli.setup import auth, configure, create, onboard
from lockgate.cli.up import down, env, logs, up
from lockgate.domain.errors import InvalidError, LockgateError, NotFoundError

_ABOUT = "Quality-gated delivery: stages, a gate that fails closed, hitless traffic, and the way back."


@local
def version(manner: Manner) -> None:
    """The version of this program."""
    typer.echo(f"CLI version: {metadata.version('lockgate')}")


GROUPS: Mapping[str, typer.Typer] = {
    "configure": configure,
    "create": create,
    "onboard": onboard,
    "send": send,
    "get": get,
}
COMMANDS: Mapping[str, Callable[..., Any]] = {
    "up": up,
    "down": down,
    "env": env,
    "logs": logs,
    "serve": serve,
    "demo": demo,
    "auth": auth,
    "clone": clone_project,
    "version": version,
}


def application() -> typer.Typer:
    app = group(_ABOUT, {"help_option_names": ["-h", "--help"]})
    for name, command in COMMANDS.items():
        app.command(name)(command)
    for name, commands in GROUPS.items():
        app.add_typer(commands, name=name)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Ends the program with one of the exit codes of docs/reference/cli.md."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a sign that the terminal cannot show must not end a delivery's story
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """The exit code. A wrong flag or a missing argument is 1 here: Typer's 2 would mean "rejected"."""
    try:
        code = application()(args=arguments, prog_name=_called(), standalone_mode=False)
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
