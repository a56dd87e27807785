"""``cardiostream watch``: the ranking of all patients or of a ward in the terminal, refreshed every second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from streams.clock import DAY, HOUR, MINUTE, SECOND, Clock, Instant, WallClock
from streams.errors import CardioStreamError, RetryableError
from streams.publish.points import in_points
from streams.records import Contribution, Level
from streams.scoring.notes import CARDIOVASCULAR
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.publish.board import Board, Ranked
    from streams.publish.summary import ModelSummary

REFRESH_S = 1.0
SHORT = {"deterioration_gru": "gru", "news2": "NEWS2", "chest_heart_unet": "heart", "chest_xray_cnn": "lungs"}
"""Names of models as the narrow column shows them."""
TREND_MS = HOUR
STEADY = 3.0
"""Change of the index, in points, below which a trend counts as steady."""
BARS = "▁▂▃▄▅▆▇█"
STYLES: dict[Level, str] = {
    "high": "bold white on red",
    "medium": "bold black on dark_orange",
    "low-medium": "black on yellow",
    "low": "green",
    "indeterminate": "bold black on grey70",
}

Top = Annotated[int, typer.Option(min=1, max=500, help="Patients shown, highest index first.")]
Once = Annotated[bool, typer.Option("--once", help="Print the ranking and end.")]

Ward = Annotated[str, typer.Option(help="Show this ward alone, named as its Encounters name it.")]


class Row(msgspec.Struct, frozen=True):
    """One patient's line, as read; ages are computed when it is shown."""

    patient_id: str
    level: Level
    index: float | None
    as_of: Instant
    trend: tuple[tuple[Instant, float | None], ...] = ()
    """Clinical time and index of the scores kept, in order of time."""
    models: tuple[tuple[str, str], ...] = ()
    """Model and its value in words."""
    flags: tuple[str, ...] = ()
    """``stale``, ``silent``, ``degraded``, ``corrected``, and the reasons of what is missing."""
    place: str = ""
    """Ward and bed."""
    mostly: str = ""
    """The model that moved the index most, and which way."""


COLUMNS = ("#", "patient", "ward, bed", "level", "index", "last hour", "as of", "models", "moved by", "remarks")
LEFT_OUT_WHERE_NARROW = frozenset({"ward, bed", "last hour", "models", "moved by"})
NARROW = 110
"""Characters of a terminal below which a line would wrap."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)


def watch(top: Top = 20, once: Once = False, ward: Ward = "") -> None:
    """Show the live ranking of all patients, or of one ward."""
    from streams.embedded.addresses import connect

    try:
        asyncio.run(_watch(connect(Settings()), top, once, ward, Console(), WallClock()))
    except KeyboardInterrupt:
        return


async def _watch(settings: Settings, top: int, once: bool, ward: str, console: Console, clock: Clock) -> None:
    from streams.publish.board import Board
    from streams.publish.redis_client import client

    redis = client(settings)
    try:
        if once:
            rows = await read(Board(redis), top, ward)
            console.print(table(rows, clock.now(), ward=ward, narrow=console.width < NARROW))
        else:
            await show(Board(redis), top, console, clock, lambda: False, ward)
    finally:
        await redis.aclose()


async def show(
    board: Board,
    top: int,
    console: Console,
    clock: Clock,
    over: Callable[[], bool],
    ward: str = "",
    *,
    at_newest: bool = False,
) -> None:
    """Show the ranking, refreshed every second, until `over` says so.

    Parameters
    ----------
    at_newest
        Count ages to the newest score shown, not to `clock`: for a ward whose time is not the wall's.
    """
    shown: list[Row] = []
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        while not over():
            trouble = ""
            try:
                shown = await read(board, top, ward)
            except CardioStreamError as error:
                trouble = str(error)
            now = max((row.as_of for row in shown), default=clock.now()) if at_newest else clock.now()
            live.update(table(shown, now, trouble, ward, narrow=console.width < NARROW), refresh=True)
            await asyncio.sleep(REFRESH_S)


async def read(board: Board, top: int, ward: str = "") -> list[Row]:
    """Read the ranking, of one ward where it is named, with each patient's latest score and trend.

    Raises
    ------
    RetryableError
        Where Redis does not answer.
    """
    try:
        ranked = await board.ranking(top, ward)
        return list(await asyncio.gather(*(_row(board, line) for line in ranked)))
    except CardioStreamError:
        raise
    except Exception as error:
        # Whatever the client raises, a board on the wall says so and goes on; texts could hold the address.
        raise RetryableError(f"cannot read the view in Redis ({type(error).__name__}); is the stack up?") from None


async def _row(board: Board, line: Ranked) -> Row:
    from streams.publish import summary

    latest, history = await asyncio.gather(board.latest(line.patient_id), board.history(line.patient_id))
    trend = tuple((point.as_of, point.index) for point in history)
    if latest is None or latest.level == "retired":
        return Row(line.patient_id, line.level, line.index, line.as_of, trend)
    found = summary.read(latest.json)
    marks = {"stale": found.stale, "silent": found.silent, "degraded": found.degraded, "corrected": found.corrected}
    # Why a film was refused is for `explain`; that it was stands beside its model.
    films = tuple(f"{one.model}:" for one in found.models if one.study)
    reasons = [reason for reason in found.reasons if not reason.startswith(films)] if films else found.reasons
    conflict = ["conflict"] if found.conflict else []
    flags = tuple(dict.fromkeys([*conflict, *(name for name, holds in marks.items() if holds), *reasons]))
    models = tuple((name_of(one), value_in_words(one)) for one in found.models if is_shown(one))
    return Row(
        found.patient_id,
        found.level,
        found.index,
        found.as_of,
        trend,
        models,
        flags,
        " ".join(filter(None, (found.ward, found.bed))),
        moved_by(found.contributions),
    )


def moved_by(contributions: Sequence[Contribution]) -> str:
    """Name the model that moved the index most, which way, and by how much in log-odds; empty where none did."""
    largest = max(contributions, key=lambda one: abs(one.size), default=None)
    if largest is None or not largest.size:
        return ""
    return f"{SHORT.get(largest.model, largest.model)} {'↑' if largest.size > 0 else '↓'} {largest.size:+.1f}"


def is_note(model: ModelSummary) -> bool:
    """Tell whether a model's word is of a clinical note."""
    return bool(model.study) and not model.study.startswith("ImagingStudy/")


def is_shown(model: ModelSummary) -> bool:
    """Tell whether a line has room for it: of what notes document, only what they do, and whether it is the heart."""
    return not is_note(model) or model.finding in {"", CARDIOVASCULAR} or model.level in {"medium", "high"}


def name_of(model: ModelSummary) -> str:
    """Name a model, and what of a note its word is of."""
    return f"note: {model.finding.replace('-', ' ')}" if is_note(model) and model.finding else model.model


def value_in_words(model: ModelSummary) -> str:
    """Say a model's value: a probability in percent, NEWS2 in points, a measure as it is, else why there is none."""
    if model.value is None:
        return "refused" if model.study and model.status == "indeterminate" else model.status
    if model.unit:
        return f"{model.value:.2f}"
    return f"{model.value:.0f}" if model.model == "news2" else f"{100 * model.value:.1f} %"


def table(rows: Sequence[Row], now: Instant, trouble: str = "", ward: str = "", *, narrow: bool = False) -> Table:
    """Return the ranking as a table; pure, ages are counted to `now`.

    Parameters
    ----------
    rows
        Highest first.
    now
        Instant of reading.
    trouble
        Why the rows may be old; shown below them.
    ward
        Ward that alone is shown; empty for all.
    narrow
        Leave out bed, trend and models, so that a line is a patient on a small terminal too.
    """
    left_out = LEFT_OUT_WHERE_NARROW if narrow else frozenset()
    title = f"Cardiovascular risk{', ward ' + escape(ward) if ward else ''}, highest first"
    shown = Table(
        *(_column(name) for name in COLUMNS if name not in left_out),
        title=f"{title}: an index of 0 to 100, not a probability",
        caption=Text(trouble, style="bold red") if trouble else None,
        expand=True,
    )
    for rank, row in enumerate(rows, start=1):
        cells = _cells(rank, row, now)
        shown.add_row(*(cells[name] for name in COLUMNS if name not in left_out))
    return shown


def _column(name: str) -> Column:
    return Column(name, justify="right" if name in {"#", "index", "as of"} else "left")


def _cells(rank: int, row: Row, now: Instant) -> dict[str, str | Text]:
    return {
        "#": str(rank),
        "patient": Text(row.patient_id),
        "ward, bed": Text(row.place),
        "level": Text(f" {row.level} ", style=STYLES[row.level]),
        "index": "-" if row.index is None else in_points(row.index),
        "last hour": trend(row.trend, row.as_of),
        "as of": age(row.as_of, now),
        "models": Text(", ".join(f"{SHORT.get(model, model)} {value}" for model, value in row.models)),
        "moved by": row.mostly,
        "remarks": Text(", ".join(row.flags), style="yellow"),
    }


def trend(points: Sequence[tuple[Instant, float | None]], as_of: Instant) -> str:
    """Draw the hour before `as_of`: eight bars at most, an arrow and the change; empty where there is one score."""
    last = [index for at, index in points if as_of - TREND_MS <= at <= as_of and index is not None]
    if len(last) < 2:
        return ""
    change = last[-1] - last[0]
    arrow = "→" if abs(change) < STEADY else "↑" if change > 0 else "↓"
    picked = [last[round(place * (len(last) - 1) / (min(8, len(last)) - 1))] for place in range(min(8, len(last)))]
    return "".join(BARS[min(7, max(0, int(index * 8 / 100)))] for index in picked) + f" {arrow} {change:+.0f}"


def age(as_of: Instant, now: Instant) -> str:
    """Say how long ago a clinical time was, in the largest unit that fits."""
    passed = now - as_of
    if passed < 0:
        return "ahead"
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if passed >= 2 * unit:
            return f"{passed // unit} {name} ago"
    return f"{passed // SECOND} s ago"
