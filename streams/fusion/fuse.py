"""Several models' judgements of one patient to one: log-odds pooled around stated priors, never below NEWS2's level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from streams.clock import Instant
from streams.fusion.change import would_change
from streams.fusion.evidence import NEWS2, Voice, voices
from streams.fusion.pool import level_of, pool
from streams.fusion.rule import DEFAULT, Rule
from streams.fusion.scale import index_of
from streams.fusion.schema import VITAL
from streams.fusion.stage import Stage
from streams.fusion.words import contribution
from streams.identity import references_to
from streams.records import Change, Contribution, Level, Prediction, RiskScore
from streams.timeline.series import Snapshot

RANK: dict[Level, int] = {"indeterminate": 0, "low": 1, "low-medium": 2, "medium": 3, "high": 4}
_STAGE_REASONS: dict[Stage, tuple[str, ...]] = {"fresh": (), "stale": ("stale",), "silent": ("stale", "silent")}


def fuse(
    snapshot: Snapshot,
    predictions: Sequence[Prediction],
    studies: Sequence[Prediction] = (),
    *,
    stage: Stage = "fresh",
    rule: Rule = DEFAULT,
) -> RiskScore:
    """Fuse one patient's predictions at one clinical instant.

    The index is drawn from the sum of what the modalities say, each weighted, faded by its age and within its bounds
    as the rule states; the level from the index. A modality without evidence moves nothing and is named. The level is
    never below NEWS2's own, nor the index below that level. Without a level of vital signs the score is
    ``indeterminate`` and has no index, whatever slow evidence says. ``stale`` is stated beside the level and does not
    change it; ``silent`` makes the whole indeterminate, and the predictions stand beside it with the values they had.

    Of slow evidence the findings that the rule names count, within their bounds and ceilings: of imaging studies the
    cardiothoracic ratio, of notes what they say of the heart. Every other finding, pneumonia among them, is published
    beside the whole and moves nothing.

    Parameters
    ----------
    predictions
        Of vital signs.
    studies
        Of slow evidence: `streams.scoring.studies.of_studies` and its like.
    stage
        How long a tick found nothing new: ``stale`` for longer than the site allows, ``silent`` for so long that no
        judgement stands.
    rule
        From `streams.fusion.rule.load`.

    Returns
    -------
    RiskScore
        ``degraded`` where a learned model of vital signs was unavailable; ``reasons`` as ``<model>:<reason>`` of every
        prediction that is not ok and may be part of the whole, then ``stale`` and ``silent``.
    """
    said = (*predictions, *studies)
    verdict, images = _verdict(said, snapshot.as_of, stage, rule), _images(studies)
    return RiskScore(
        snapshot.patient_id, snapshot.as_of, verdict.level, verdict.index, said, snapshot.corrected,
        stale=stage != "fresh", silent=stage == "silent", degraded=_is_degraded(predictions),
        basis=(*images, *references_to(snapshot.basis)), basis_count=len(images) + snapshot.basis_count,
        encounter_id=snapshot.encounter_id, reasons=_reasons(predictions, studies, stage, rule),
        corrections=snapshot.corrections, corrections_count=snapshot.corrections_count,
        ward=snapshot.ward, bed=snapshot.bed, fusion=rule.version, contributions=verdict.contributions,
        held=verdict.held, conflict=verdict.conflict, missing=verdict.missing, would_change=verdict.would_change,
    )  # fmt: skip


class _Verdict(msgspec.Struct, frozen=True):
    """What the modalities come to."""

    missing: tuple[str, ...]
    level: Level = "indeterminate"
    index: float | None = None
    held: bool = False
    contributions: tuple[Contribution, ...] = ()
    conflict: tuple[str, ...] = ()
    would_change: tuple[Change, ...] = ()


def _verdict(said: Sequence[Prediction], as_of: Instant, stage: Stage, rule: Rule) -> _Verdict:
    if stage == "silent":
        return _Verdict(())
    heard = voices(said, as_of, rule)
    missing = _missing(heard, rule)
    if not any(one.term.name in VITAL and one.prediction.level != "indeterminate" for one in heard):
        return _Verdict(missing)
    return _weighed(heard, missing, _own(said), as_of, rule)


def _weighed(heard: Sequence[Voice], missing: tuple[str, ...], own: Level, as_of: Instant, rule: Rule) -> _Verdict:
    """Return what voices come to among which there is one of vital signs."""
    pooled = pool(heard, own, rule.edges)
    level = level_of(pooled.log_odds, rule.edges)
    found = [contribution(one, moved, as_of) for one, moved in zip(heard, pooled.moved, strict=True)]
    contributions = tuple(sorted(found, key=lambda one: -abs(one.size)))
    return _Verdict(
        missing, level, index_of(pooled.log_odds), pooled.held, contributions,
        _conflict(contributions, rule.file.conflict_at), would_change(heard, pooled, level, own, rule),
    )  # fmt: skip


def _own(predictions: Iterable[Prediction]) -> Level:
    """Return NEWS2's own level."""
    levels: list[Level] = [p.level for p in predictions if p.model == NEWS2 and p.value is not None]
    return max(levels, key=RANK.__getitem__, default="indeterminate")


def _conflict(contributions: Sequence[Contribution], least: float) -> tuple[str, ...]:
    up = [one.name for one in contributions if one.size > least]
    down = [one.name for one in contributions if one.size < -least]
    return (up[0], down[0]) if up and down else ()


def _missing(heard: Sequence[Voice], rule: Rule) -> tuple[str, ...]:
    there = [one.term.name for one in heard]
    return tuple([name for name in rule.counting if name not in there])


def _images(studies: Sequence[Prediction]) -> dict[str, None]:
    """Return the studies and notes, each once, in their order."""
    return dict.fromkeys(p.study for p in studies if p.study)


def _is_degraded(predictions: Sequence[Prediction]) -> bool:
    return any(p.status == "unavailable" and p.model != NEWS2 for p in predictions)


def _reasons(
    predictions: Sequence[Prediction], studies: Sequence[Prediction], stage: Stage, rule: Rule
) -> tuple[str, ...]:
    """Return why predictions that may be part of the whole are not ok, each reason once, then how late it is."""
    counting = [*predictions, *(p for p in studies if p.model in rule.models)]
    found = dict.fromkeys(f"{p.model}:{reason}" for p in counting if p.status != "ok" for reason in p.reasons)
    return (*found, *_STAGE_REASONS[stage])
