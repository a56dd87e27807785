"""A judgement in words: the whole and what it is made of, NEWS2's points, what carried the model's answer."""

from __future__ import annotations

from collections.abc import Sequence

from streams.clock import isoformat
from streams.publish.rationale import rationale_of_whole
from streams.records import Contribution
from streams.scoring.news2 import MODEL as NEWS2
from streams.verify.explaining import Explained

Group = tuple[str, Sequence[Contribution]]


def groups(found: Explained) -> list[Group]:
    """Return the contributions of the whole, of NEWS2 and of the learned model, each under its title; none empty."""
    points = [one for p in found.score.predictions if p.model == NEWS2 for one in p.contributions]
    all_of_them: list[Group] = [
        ("The whole, by modality (log-odds)", found.score.contributions),
        ("NEWS2, by parameter (points)", points),
        (f"{found.model}, by leaving out each quantity (log-odds; need not add up)", found.features),
    ]
    return [(title, those) for title, those in all_of_them if those]


def lines(found: Explained) -> list[str]:
    """Say it line by line."""
    said = [f"[bold]Score[/bold] as of {isoformat(found.score.as_of)}", f"  {rationale_of_whole(found.score)}"]
    for title, those in groups(found):
        said.append(f"  {title}")
        said += [f"    {_size(one)}  {one.words}" for one in those]
    return [*said, *([f"  {found.remark}"] if found.remark else [])]


def _size(one: Contribution) -> str:
    return f"{one.size:+6.2f}" if one.unit == "log-odds" else f"{one.size:+6.0f}"
