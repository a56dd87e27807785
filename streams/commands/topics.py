"""``cardiostream topics create|check``: the declared topics and the broker's."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

from streams import topics
from streams.embedded.addresses import connect
from streams.provision.topics import check as check_topics
from streams.provision.topics import create as create_topics
from streams.provision.topics import partitions
from streams.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Make the declared topics, or check those on the broker.", no_args_is_help=True)
    group.command("create")(create)
    group.command("check")(check)
    app.add_typer(group, name="topics")


def create() -> None:
    """Create the topics that are missing; existing ones are left as they are."""
    settings = connect(Settings())
    report = create_topics(settings)
    table = Table("topic", "partitions", "value", "written by", "read by", "now")
    for topic in topics.TOPICS:
        now = "created" if topic.name in report.created else "there already"
        count = str(partitions(topic, settings))
        table.add_row(topic.name, count, topic.value, topic.producers, topic.consumers, now)
    Console().print(table)


def check() -> None:
    """Compare the topics on the broker with the declaration; exit code 1 where they differ."""
    found = check_topics(connect(Settings()))
    drifts = [drift for drift in found if drift.kind == "drift"]
    if drifts:
        table = Table("topic", "setting", "expected", "found")
        for drift in drifts:
            table.add_row(drift.topic, drift.what, drift.expected, drift.found)
        Console().print(table)
    if unreported := sorted({drift.what for drift in found if drift.kind == "unreported"}):
        typer.echo(f"not checked, because this broker does not report them: {', '.join(unreported)}")
    typer.echo(f"{len(topics.TOPICS)} topics declared, {len(drifts)} differences")
    if drifts:
        typer.echo("create missing topics with `cardiostream topics create`; change others with your Kafka's own tools")
        raise typer.Exit(1)
