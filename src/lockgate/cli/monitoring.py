"""`configure monitoring`: how a metric source is reached, with secrets read from files only."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lockgate.cli.client import client, segment
from lockgate.cli.ending import End, Ending
from lockgate.cli.manner import Manner, asking, group
from lockgate.cli.setup import read_file, show_whole, stays_here, unsuccessful

configure = group("Set Lockgate up.")


@configure.command("monitoring")
@asking
def configure_monitoring(
    manner: Manner,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The metric source, such as prometheus.")],
    url: Annotated[str | None, typer.Option("--url", help="Where it answers; default: the installation's own.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="One of several: SOURCE/NAME in a gate's file.")] = None,
    project: Annotated[str | None, typer.Option("--project", "-p", help="For this project only.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Dynatrace: its host, or its URL.")] = None,
    token_file: Annotated[str | None, typer.Option("--token-file", help="Dynatrace: holds an API token.")] = None,
    bearer_file: Annotated[str | None, typer.Option("--bearer-file", help="Holds a bearer token; - is stdin.")] = None,
    user: Annotated[str | None, typer.Option("--user", help="For basic authentication.")] = None,
    password_file: Annotated[str | None, typer.Option("--password-file", help="Holds its password.")] = None,
    header_file: Annotated[
        list[str] | None, typer.Option("--header-file", help="Holds lines `Name: value`; repeatable.")
    ] = None,
    ca_file: Annotated[Path | None, typer.Option("--ca-file", help="A certificate authority, in PEM.")] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="http: another host that gates may ask; repeatable.")
    ] = None,
    samples: Annotated[Path | None, typer.Option("--samples", help="file: a JSON file of samples.")] = None,
) -> None:
    """Say how a metric source is reached; it is tried before it is kept."""
    asks = client(manner)
    if (url and tenant) or (bearer_file and token_file):
        raise End(
            Ending.USAGE, "--tenant is the --url of Dynatrace, and --token-file its --bearer-file: give one of both"
        )
    if (user is None) != (password_file is None):
        raise End(Ending.USAGE, "basic authentication takes both: --user NAME --password-file FILE")
    body: dict[str, Any] = {
        "url": _address(tenant) if url is None else url,
        "name": name,
        "project": project,
        "token": _secret(bearer_file or token_file),
        "user": user,
        "password": _secret(password_file),
        "headers": _headers(header_file or []),
        "ca": None if ca_file is None else read_file(ca_file),
        "hosts": allow_host,
        "samples": None if samples is None else read_file(samples),
    }
    if any(body[secret] for secret in ("token", "password", "headers")) and body["url"] and not stays_here(body["url"]):
        manner.warn(f"{body['url']} is not encrypted: what lets us in can be read on the way; use https")
    with unsuccessful("Configure"):
        answer = asks.put(f"/v1/monitoring/{segment(source)}", _said(body))
    whose = f" of project {project}" if project else ""
    manner.say(f"Gates{whose} measure with {answer['source']} at {answer['url']}")
    show_whole(manner, answer)


def _address(tenant: str | None) -> str | None:
    """`abc12345.live.dynatrace.com` is short for its address with https."""
    return f"https://{tenant}" if tenant and "://" not in tenant else tenant


def _said(body: dict[str, Any]) -> dict[str, Any]:
    """What is empty was given all the same, as by a variable that was never set: the server refuses it."""
    return {name: value for name, value in body.items() if value is not None}


def _secret(path: str | None) -> str | None:
    """What the file holds, without the line break at its end."""
    if path is None:
        return None
    text = (sys.stdin.read() if path == "-" else read_file(Path(path))).strip()
    if not text:
        raise End(Ending.USAGE, f"there is nothing in {'standard input' if path == '-' else path}")
    return text


def _headers(paths: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        for line in (_secret(path) or "").splitlines():
            name, colon, value = line.partition(":")
            if not colon:
                raise End(Ending.USAGE, f"{path} holds a line without a colon: write `Name: value`")
            found[name.strip()] = value.strip()
    return found
