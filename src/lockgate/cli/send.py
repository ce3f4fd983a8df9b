"""`send`: announce an artifact, and follow it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from lockgate.cli.client import Client, client
from lockgate.cli.ending import End, Ending, ending_of
from lockgate.cli.labels import Labelled, labels_given
from lockgate.cli.manner import DELIVERY_SECONDS, Manner, asking, group
from lockgate.cli.output import Format, show
from lockgate.cli.setup import read_bytes, unsuccessful
from lockgate.domain.artifact import parse_artifact
from lockgate.domain.names import project_name, service_name
from lockgate.kit.ids import new_id

send = group("Send an event.")
event = typer.Typer(invoke_without_command=True, help="Send an event: new-artifact, or one from a file.")
send.add_typer(event, name="event")

_SOURCE = "lockgate/cli#new-artifact"
_TYPE = "sh.keptn.events.new-artifact"

Wait = Annotated[bool, typer.Option("--wait", help="Follow the delivery; exit with its outcome.")]


@event.callback()
@asking(waits=True)
def send_file(
    manner: Manner,
    invocation: typer.Context,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A CloudEvent in JSON, sent as it is.")] = None,
    wait: Wait = False,
) -> None:
    """Send a new-artifact, or an event from a file."""
    if invocation.invoked_subcommand is not None:
        plain = Manner(manner.verbose, manner.quiet, timeout=DELIVERY_SECONDS, waits=True)
        if file is not None or wait or manner != plain:
            named = invocation.invoked_subcommand
            raise End(Ending.USAGE, f"what stands before {named} would be lost: give flags after it, and no --file")
        return
    asks = client(manner)
    if file is None:
        raise End(Ending.USAGE, "say which event: lockgate send event --file FILE, or lockgate send event new-artifact")
    body = read_bytes(file)
    _require_json(body, file)
    manner.say("Starting to send an event")
    with unsuccessful("Send event"):
        answer = asks.post_as_is("/v1/events", body)
    _finish(asks, answer, wait)


@event.command("new-artifact")
@send.command("new-artifact")
@asking(waits=True)
def new_artifact(
    manner: Manner,
    project: Annotated[str, typer.Option("--project", help="Name of the project.")],
    service: Annotated[str, typer.Option("--service", help="Name of the service.")],
    image: Annotated[str, typer.Option("--image", help="Name of the image.")],
    tag: Annotated[
        str | None, typer.Option("--tag", help='Its tag; default: the one in --image, else "latest".')
    ] = None,
    label: Labelled = None,
    wait: Wait = False,
) -> None:
    """Announce a new artifact of a service: it starts at the first stage and passes every gate."""
    asks = client(manner)
    artifact = parse_artifact(image, tag)
    data = {
        "project": project_name(project),
        "service": service_name(service),
        "image": artifact.image,
        "tag": artifact.tag,
        **({"labels": labels_given(label)} if label else {}),
    }
    manner.say(
        f"Starting to send a new-artifact-event to deploy the service {service} in project {project} "
        f"in version {artifact.reference}"
    )
    envelope = {"specversion": "1.0", "id": new_id(), "source": _SOURCE, "type": _TYPE, "data": data}
    with unsuccessful("Send new-artifact"):
        answer = asks.post("/v1/events", envelope)
    _finish(asks, answer, wait)


def _require_json(body: bytes, file: Path) -> None:
    try:
        json.loads(body)
    except ValueError as error:  # includes bytes that are no text
        raise End(Ending.USAGE, f"{file} is not JSON: {error}") from error


def _finish(asks: Client, answer: dict[str, Any], wait: bool) -> None:
    manner = asks.manner
    for warning in answer["warnings"]:
        manner.warn(warning)
    if not answer["event"]["given"]:
        manner.say(f"The event had no id or no source, and was given id {answer['event']['id']}")
    manner.say(f"Delivery {answer['delivery']}")
    manner.say(f"Page     {answer['page']}")
    manner.say(f"Follow   {answer['follow']}")
    if wait:
        from lockgate.cli.following import follow  # with all that draws on a terminal, for nobody else to wait for

        outcome = follow(asks, answer["delivery"])
        show_delivery(asks, answer["delivery"])
        raise End(ending_of(outcome))
    if manner.output is not Format.TABLE:
        show(answer, manner.output, (), ())


def show_delivery(asks: Client, delivery: str) -> None:
    """For a program, what it came to; a person has followed it."""
    if asks.manner.output is not Format.TABLE:
        show(asks.get(f"/v1/deliveries/{delivery}"), asks.manner.output, (), ())
