"""``cardiostream alerts``: what stands, what people say of it, and a policy checked and tried before go-live."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.clock import Instant, WallClock, isoformat
from streams.errors import RejectedMessage
from streams.publish.points import in_points
from streams.records import Alert, AlertCommand, CommandAction
from streams.settings import Settings
from streams.user import user

Patient = Annotated[str, typer.Argument(help="Bare patient id.")]
Named = Annotated[str, typer.Argument(metavar="ALERT", help="Id of the alert, or its beginning; as listed.")]
By = Annotated[str, typer.Option(help="Who says so; the user of this machine where not given.")]
Ward = Annotated[str, typer.Option(help="Alerts of this ward alone.")]
Everything = Annotated[bool, typer.Option("--all", help="Also those that have ended.")]
Fhir = Annotated[bool, typer.Option("--fhir", help="Print FHIR R4 Flags and Communications, one a line.")]
For = Annotated[str, typer.Option("--for", help="How long, e.g. 30 min or 2 h.")]
File = Annotated[Path, typer.Argument(metavar="POLICY", help="Policy file.", exists=True, dir_okay=False)]
Policies = Annotated[
    list[Path] | None, typer.Option("--policy", help="Policy file, several to compare; the shipped one without.")
]
Feeds = Annotated[
    list[Path], typer.Option("--feed", help="Recorded FHIR (.ndjson[.gz], .json[.gz]).", exists=True, dir_okay=False)
]
Outcomes = Annotated[
    Path | None, typer.Option(help="CSV with patient_id and at (ISO 8601).", exists=True, dir_okay=False)
]
Model = Annotated[bool, typer.Option(help="Ask the learned model of vital signs, too; else NEWS2 alone.")]
Thresholds = Annotated[str, typer.Option(help="Index thresholds of the curve, separated by commas; empty for none.")]
Acknowledged = Annotated[str, typer.Option(help="How soon somebody acknowledges each call; without, nobody does.")]
Png = Annotated[Path | None, typer.Option(help="Draw the curve into this file.", dir_okay=False)]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="Alerts: what stands, what people say of it, and the policy.", no_args_is_help=True)
    commands: dict[str, Callable[..., None]] = {
        "list": listing, "ack": ack, "snooze": snooze, "resolve": resolve, "check": check, "simulate": simulate,
    }  # fmt: skip
    for name, command in commands.items():
        group.command(name)(command)
    app.add_typer(group, name="alerts")


def listing(ward: Ward = "", everything: Everything = False, fhir: Fhir = False) -> None:
    """List the alerts that stand, the newest change first."""
    from streams.verify.alerts import alerts_of

    found = asyncio.run(alerts_of(_connected()))
    shown = [one for one in found if (everything or one.is_open) and ward in ("", one.ward)]
    if fhir:
        for line in resources(shown):
            typer.echo(line)
        return
    console = Console()
    console.print(table(shown) if shown else "no alert stands")


def resources(alerts: Sequence[Alert]) -> list[str]:
    """Return alerts as FHIR R4 JSON: each a Flag, and the Communication by which somebody is called."""
    from streams.publish.flags import communication, flag

    pairs = ((flag(one), communication(one)) for one in alerts)
    return [body.decode() for pair in pairs for body in pair if body is not None]


def table(alerts: Sequence[Alert]) -> Table:
    """Return alerts as a table."""
    found = Table("alert", "patient", "ward", "rule", "state", "level", "index", "raised", "changed", "by, why")
    for one in alerts:
        index = "-" if one.index is None else in_points(one.index)
        state = f"{one.state} {one.step}" if one.state == "escalated" else one.state
        why = ", ".join(filter(None, (one.by, one.notify if one.state == "escalated" else "", one.reason)))
        times = isoformat(one.raised_at), isoformat(one.changed_at)
        words = (one.alert_id[:8], one.patient_id, one.ward, one.rule, state, one.level, index, *times, why)
        found.add_row(*map(Text, words))
    return found


def ack(patient: Patient, alert: Named, by: By = "") -> None:
    """Acknowledge an alert: it calls nobody any more unless the patient gets worse."""
    _say(patient, alert, "acknowledge", by)


def snooze(patient: Patient, alert: Named, duration: For = "30 min", by: By = "") -> None:
    """Silence an alert for a time; it is raised again at its end where it still stands."""
    _say(patient, alert, "snooze", by, milliseconds(duration, "--for"))


def resolve(patient: Patient, alert: Named, by: By = "") -> None:
    """End an alert by hand: a new one is raised only after the condition has gone, or the patient gets worse."""
    _say(patient, alert, "resolve", by)


def milliseconds(text: str, option: str) -> Instant:
    """Read a duration as a policy writes it; raises RejectedMessage where it is something else."""
    from streams.alerts.schema import seconds

    try:
        return round(seconds(text) * 1000)
    except ValueError:
        raise RejectedMessage("duration", option, "e.g. 30 s, 15 min, 2 h or 1 d", "something else") from None


def _say(patient: str, named: str, action: CommandAction, by: str, lasts: Instant | None = None) -> None:
    from streams.verify.alerts import alerts_of, clock_of, say

    who = by or user()

    async def found() -> AlertCommand:
        settings = _connected()
        alert = chosen(await alerts_of(settings), patient, named)
        now = await clock_of(settings, patient, WallClock().now())
        word = command(alert, action, who, now, lasts)
        await say(settings, word)
        return word

    word = asyncio.run(found())
    Console().print(f"{action} of {word.rule} is on its way, as of {isoformat(word.effective_at)}")


def chosen(alerts: Sequence[Alert], patient: str, named: str) -> Alert:
    """Return the standing alert of a patient that an id, or its beginning, names; raises RejectedMessage else."""
    found = [one for one in alerts if one.is_open and one.patient_id == patient and one.alert_id.startswith(named)]
    if len(found) != 1 or not named:
        raise RejectedMessage(
            "alert", "ALERT", "the id of one alert of this patient that stands, or its beginning",
            "one that names several" if found else "none that stands",
        )  # fmt: skip
    return found[0]


def command(alert: Alert, action: CommandAction, by: str, now: Instant, lasts: Instant | None = None) -> AlertCommand:
    """Return what a person says of an alert that they have seen."""
    at = max(now, alert.changed_at)
    until = None if lasts is None else at + lasts
    return AlertCommand(
        str(uuid.uuid4()), alert.patient_id, alert.rule, action, at, by, alert.raised_at, alert.alert_id, until,
        received_at=WallClock().now(),
    )  # fmt: skip


def check(policy: File) -> None:
    """Check a policy file; every fault is told with its line, exit code 1."""
    from streams.alerts.file import load

    found = load(policy)
    names = ", ".join(rule.name for rule in found.rules)
    typer.echo(
        f"{found.title}: {len(found.rules)} rule(s): {names}; {len(found.wards)} ward(s) with rules of their own"
    )


def simulate(
    feed: Feeds,
    policy: Policies = None,
    outcomes: Outcomes = None,
    model: Model = True,
    thresholds: Thresholds = "40,50,60,70,80,90",
    acknowledge_after: Acknowledged = "",
    png: Png = None,
) -> None:
    """Try policies on recorded feeds, offline: how often they would have called, and how early."""
    from streams.alerts.file import load
    from streams.fusion import rule
    from streams.trial.charts import charts
    from streams.trial.drawing import draw
    from streams.trial.report import table as shown
    from streams.trial.trial import Trial

    console, settings = Console(), Settings()
    policies = [load(path) for path in policy] if policy else [load(None)]
    spec, scorer = _model(settings) if model else (None, None)
    known = _outcomes(outcomes)
    answered = milliseconds(acknowledge_after, "--acknowledge-after") if acknowledge_after else None
    with console.status("reading and assessing"):
        found = list(charts(feed, settings, spec, scorer, rule.load(settings.fusion_file)))
    trial = Trial(found, known, answered)
    whole = [trial.of(one) for one in policies]
    curve = trial.curve(policies[0], numbers(thresholds))
    console.print(shown(whole, "Policies on recorded data"))
    if curve:
        console.print(shown([one for _, one in curve], f"First rule of {policies[0].name} from an index on"))
    if png is not None:
        draw(curve, whole, png)
        console.print(f"drawn: {png}")


def numbers(text: str) -> list[float]:
    """Read thresholds of the index; raises RejectedMessage where one is none."""
    try:
        found = sorted({float(part) for part in text.split(",") if part.strip()})
    except ValueError:
        found = [-1.0]
    if any(not 0 <= one <= 100 for one in found):
        raise RejectedMessage("threshold", "--thresholds", "numbers from 0 to 100, separated by commas", "others")
    return found


def _outcomes(path: Path | None) -> dict[str, Instant] | None:
    from streams.trial.outcomes import read_outcomes

    return None if path is None else read_outcomes(path)


def _model(settings: Settings) -> tuple[Any, Any]:
    from streams.inference.manifest import load
    from streams.verify.offline import OfflineScorer
    from streams.workers.serving import MODEL

    spec = load(settings.model_repository, MODEL)
    return spec, OfflineScorer(settings.model_repository, spec)


def _connected() -> Settings:
    from streams.embedded.addresses import connect

    return connect(Settings())
