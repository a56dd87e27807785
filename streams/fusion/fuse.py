"""Several models' judgements of one patient to one: the more worried one decides, and silence never reassures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from streams.fusion.index import PRIOR, index_of_news2, index_of_probability, index_of_ratio
from streams.fusion.stage import Stage
from streams.identity import reference_to
from streams.records import Level, Prediction, RiskScore
from streams.scoring.studies import HEART, counts
from streams.timeline.series import Snapshot

NEWS2 = "news2"
RANK: dict[Level, int] = {"indeterminate": 0, "low": 1, "low-medium": 2, "medium": 3, "high": 4}
_STAGE_REASONS: dict[Stage, tuple[str, ...]] = {"fresh": (), "stale": ("stale",), "silent": ("stale", "silent")}


def fuse(
    snapshot: Snapshot,
    predictions: Sequence[Prediction],
    studies: Sequence[Prediction] = (),
    *,
    stage: Stage = "fresh",
    priors: Mapping[str, float] | None = None,
) -> RiskScore:
    """Fuse one patient's predictions at one clinical instant.

    The level is the highest that any prediction carries, the index the highest that any carries. An indeterminate or
    unavailable prediction carries neither, so its absence moves nothing; a partial NEWS2 (a lower bound) may raise
    both. Without any level the score is ``indeterminate`` and has no index. ``stale`` is stated beside the level and
    does not change it; ``silent`` makes the whole indeterminate, and the predictions stand beside it with the values
    that they had.

    Of imaging studies the cardiothoracic ratio alone is evidence, and only beside a level that vital signs give: it may
    raise that to ``low-medium`` and the index to 40, and lowers nothing. Every other finding, pneumonia among them, is
    published beside the whole and moves neither.

    Parameters
    ----------
    predictions
        Of vital signs.
    studies
        From `streams.scoring.studies.of_studies`.
    stage
        How long a tick found nothing new: ``stale`` for longer than the site allows, ``silent`` for so long that no
        judgement stands.
    priors
        Model to the prior of its outcome, 0..1 exclusive; `PRIOR` where not named.

    Returns
    -------
    RiskScore
        ``degraded`` where a learned model of vital signs was unavailable; ``reasons`` as ``<model>:<reason>`` of every
        prediction that is not ok and may be part of the whole, then ``stale`` and ``silent``.
    """
    heard = [p for p in predictions if p.value is not None and stage != "silent"]
    levels: list[Level] = [p.level for p in heard]
    level: Level = max(levels, key=RANK.__getitem__, default="indeterminate")
    found = [index_of(p, (priors or {}).get(p.model, PRIOR)) for p in heard]
    if level != "indeterminate":
        for evidence in filter(counts, studies):
            level = max(level, evidence.level, key=RANK.__getitem__)
            found.append(index_of_ratio(evidence.value or 0.0))
    images = dict.fromkeys(p.study for p in studies)
    return RiskScore(
        patient_id=snapshot.patient_id,
        as_of=snapshot.as_of,
        level=level,
        index=None if level == "indeterminate" else max(found),
        predictions=(*predictions, *studies),
        corrected=snapshot.corrected,
        stale=stage != "fresh",
        silent=stage == "silent",
        degraded=any(p.status == "unavailable" and p.model != NEWS2 for p in predictions),
        basis=(*images, *map(reference_to, snapshot.basis)),
        basis_count=len(images) + snapshot.basis_count,
        encounter_id=snapshot.encounter_id,
        reasons=(*_reasons([*predictions, *(p for p in studies if p.model == HEART)]), *_STAGE_REASONS[stage]),
        corrections=snapshot.corrections,
        corrections_count=snapshot.corrections_count,
        ward=snapshot.ward,
        bed=snapshot.bed,
    )


def index_of(prediction: Prediction, prior: float = PRIOR) -> float:
    """Return the index 0..100 of one prediction that has a value."""
    if prediction.value is None:
        raise ValueError("index_of: expected a prediction with a value, received one without; leave it out")
    if prediction.model == NEWS2:
        return index_of_news2(prediction.value)
    return index_of_probability(prediction.value, prior)


def _reasons(predictions: Iterable[Prediction]) -> Iterable[str]:
    return (f"{p.model}:{reason}" for p in predictions if p.status != "ok" for reason in p.reasons)
