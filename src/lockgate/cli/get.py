"""`get`: what there is, and how it stands."""

from typing import Annotated, Any

import typer

from lockgate.cli.client import Client, client, segment
from lockgate.cli.ending import End, Ending, ending_of
from lockgate.cli.explain import describe_evaluation
from lockgate.cli.manner import Manner, asking, group
from lockgate.cli.output import Format, number, printable, show
from lockgate.cli.progress import describe
from lockgate.cli.send import show_delivery
from lockgate.cli.sentences import beside_verdict

get = group("Show what there is.")

Project = Annotated[str, typer.Option("--project", "-p", help="Name of the project.")]
OnlyProject = Annotated[str | None, typer.Option("--project", "-p", help="Only of this project.")]
OnlyService = Annotated[str | None, typer.Option("--service", "-s", help="Only of this service.")]


@get.command("projects")
@asking
def get_projects(manner: Manner) -> None:
    """The projects, with their stages."""
    projects = client(manner).get("/v1/projects")["projects"]
    rows = [(one["name"], ", ".join(stage["name"] for stage in one["stages"])) for one in projects]
    show(projects, manner.output, ("NAME", "STAGES"), rows)


@get.command("stages")
@asking
def get_stages(manner: Manner, project: Project) -> None:
    """The stages of a project, in order."""
    stages = client(manner).get(f"/v1/projects/{segment(project)}")["stages"]
    rows = [(one["name"], one["deployment_strategy"], one["test_strategy"] or "-") for one in stages]
    show(stages, manner.output, ("NAME", "DEPLOYMENT", "TESTS"), rows)


@get.command("services")
@asking
def get_services(manner: Manner, project: Project) -> None:
    """The services of a project."""
    services = client(manner).get(f"/v1/projects/{segment(project)}/services")["services"]
    show(services, manner.output, ("NAME",), [(name,) for name in services])


@get.command("deliveries")
@asking
def get_deliveries(
    manner: Manner,
    project: OnlyProject = None,
    service: OnlyService = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="How many at most.")] = 20,
) -> None:
    """Deliveries, newest first."""
    found = client(manner).get("/v1/deliveries", project=project, service=service, limit=limit)["deliveries"]
    rows = [
        (one["id"], one["project"], one["service"], one["tag"], one["outcome"] or "under way", one["accepted_at"])
        for one in found
    ]
    show(found, manner.output, ("ID", "PROJECT", "SERVICE", "TAG", "OUTCOME", "ACCEPTED"), rows)


@get.command("delivery")
@asking(waits=True)
def get_delivery(
    manner: Manner,
    delivery: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `send` printed it.")],
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow it; exit with its outcome.")] = False,
) -> None:
    """One delivery: its stages, verdicts, and why."""
    asks = client(manner)
    if watch:
        from lockgate.cli.following import follow  # with all that draws on a terminal, for nobody else to wait for

        outcome = follow(asks, delivery)
        show_delivery(asks, delivery)
        raise End(ending_of(outcome))
    answer = asks.get(f"/v1/deliveries/{segment(delivery)}")
    if manner.output is Format.TABLE:
        _describe_delivery(answer, asks.post(f"/v1/deliveries/{segment(delivery)}/page", {})["url"])
    else:
        show(answer, manner.output, (), ())


@get.command("evaluation")
@asking
def get_evaluation(
    manner: Manner,
    evaluation: Annotated[
        str | None, typer.Argument(metavar="ID", help="Its id; or say --project, --stage and --service.")
    ] = None,
    project: Annotated[str | None, typer.Option("--project", "-p", help="Its project.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", help="Its stage.")] = None,
    service: Annotated[str | None, typer.Option("--service", "-s", help="Its service.")] = None,
) -> None:
    """What a gate concluded, and why: one evaluation, or the newest of a place."""
    asks = client(manner)
    if evaluation:
        answer = asks.get(f"/v1/evaluations/{segment(evaluation)}")
    elif project and stage and service:
        answer = _newest_evaluation(asks, project, stage, service)
    else:
        raise End(
            Ending.USAGE,
            "which evaluation? lockgate get evaluation ID, or give --project, --stage and --service for the newest",
        )
    if manner.output is Format.TABLE:
        describe_evaluation(answer)
    else:
        show(answer, manner.output, (), ())


@get.command("events")
@asking
def get_events(
    manner: Manner,
    delivery: Annotated[str | None, typer.Option("--delivery", help="Only of this delivery.")] = None,
    since: Annotated[int, typer.Option("--since", min=0, help="After this cursor.")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 200,
) -> None:
    """Events, oldest first."""
    events = client(manner).get("/v1/events", delivery=delivery, since=since, limit=limit)["events"]
    rows = [(one["lockgatecursor"], one["time"], one["type"], describe(one)) for one in events]
    show(events, manner.output, ("CURSOR", "TIME", "TYPE", "WHAT"), rows)


def _newest_evaluation(asks: Client, project: str, stage: str, service: str) -> dict[str, Any]:
    found = asks.get("/v1/evaluations", project=project, stage=stage, service=service, limit=1)["evaluations"]
    if not found:
        raise End(
            Ending.NOT_FOUND,
            f"no evaluation of {service} in stage {stage} of project {project} yet: "
            f"lockgate get deliveries --project={project} --service={service}",
        )
    newest: dict[str, Any] = found[0]
    return newest


def _describe_delivery(answer: dict[str, Any], page: str) -> None:
    _say(f"Delivery  {answer['id']}")
    _say(f"Artifact  {answer['image']}:{answer['tag']} for {answer['service']} in project {answer['project']}")
    _say(f"Outcome   {answer['outcome'] or 'under way'}{_why(answer)}")
    _say(f"Page      {page}")
    scores = {one["stage"]: one for one in answer["evaluations"]}
    rows = []
    for run in answer["runs"]:
        score = scores.get(run["stage"]) if not run["fixed"] else None
        points = f"{number(score['score'])}/{number(score['score_possible'])}" if score else ""
        waits = f"waiting: {run['waiting_for']}" if run.get("waiting_for") else ""
        why = waits or beside_verdict(run["reason"])
        rows.append((run["stage"], run["service"], run["state"], run["verdict"] or "", points, why))
    show(answer, Format.TABLE, ("STAGE", "SERVICE", "STATE", "VERDICT", "SCORE", "WHY"), rows)


def _why(answer: dict[str, Any]) -> str:
    return f": {beside_verdict(answer['reason'], *answer['stages'])}" if answer["reason"] else ""


def _say(line: str) -> None:
    typer.echo(printable(line))
