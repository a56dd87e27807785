"""One patient's judgement made again from the state as it stands, and why the learned model says what it says."""

from __future__ import annotations

from typing import NamedTuple

from streams import topics
from streams.fusion.rule import load as load_rule
from streams.inference.batches import Batches
from streams.inference.client import TritonClient
from streams.inference.manifest import Manifest
from streams.inference.outcomes import Outcome, Scorer, Unavailable, Value
from streams.modes.reading import read_modes
from streams.modes.standing import Standing
from streams.records import Contribution, RiskScore
from streams.scoring.occlusion import explained, occluded
from streams.settings import Settings
from streams.timeline.share import Share
from streams.transport.reading import read_to_end, reading
from streams.workers.assessment import Case, case_of, judge
from streams.workers.ownership import cutoffs, retention_of
from streams.workers.relay import Relay
from streams.workers.serving import MODEL, Serving, serving_of

AT_ONCE = 16
"""Rows of one call, so that an explanation never holds up the ward's own."""


class Explained(NamedTuple):
    """A judgement, and what the learned model's answer is made of."""

    score: RiskScore
    model: str
    features: tuple[Contribution, ...]
    """Empty where the model did not answer."""
    remark: str
    """Why there are none; empty where there are."""


async def explain(settings: Settings, patient_id: str) -> Explained | None:
    """Judge one patient again, ask the model without each quantity in turn, and say what each did.

    Returns
    -------
    Explained or None
        None where nothing clinical is known of the patient under this id, or it was merged into another.
    """
    serving = await _serving(settings)
    case = await _case(settings, patient_id, serving.live)
    if case is None:
        return None
    if serving.live is None:
        score = judge(case, None, None, serving.rule, serving.standing)
        return Explained(score, MODEL, (), f"{MODEL} is silent at this site")
    client = TritonClient(settings.triton_url, settings.inference_deadline_ms / 1000)
    try:
        asked = Batches(client, max_batch=AT_ONCE, calls_in_flight=1, breaker_pause_s=settings.breaker_pause_s)
        return await explained_case(case, serving.live, asked, serving)
    finally:
        await client.close()


async def _serving(settings: Settings) -> Serving:
    async with reading(settings, "cardiostream-explain") as consumer:
        modes = read_modes(await read_to_end(consumer, topics.MODELS, 0))
    standing = Standing().followed_by(modes)
    return serving_of(settings.model_repository, standing, by=load_rule(settings.fusion_file))


async def explained_case(case: Case, spec: Manifest, asked: Scorer, serving: Serving) -> Explained:
    """Judge one patient as it is, then ask the model without each quantity in turn; see `explain`."""
    outcome: Outcome | None = (await asked.score(spec, [case.prepared.tensors]))[0] if case.sufficient else None
    score = judge(case, outcome, spec, serving.rule, serving.standing)
    if not isinstance(outcome, Value):
        why = "its input does not suffice" if outcome is None else outcome.reason
        return Explained(score, spec.name, (), f"{spec.name} gave no answer: {why}")
    those = occluded(case.snapshot, spec)
    answers = await asked.score(spec, [one.row for one in those])
    missing = sum(isinstance(one, Unavailable) for one in answers)
    remark = f"{missing} of {len(those)} questions were not answered" if missing else ""
    return Explained(score, spec.name, explained(spec, outcome.value, those, answers), remark)


async def _case(settings: Settings, patient_id: str, spec: Manifest | None) -> Case | None:
    share = Share(b"expl", retention_of(settings))
    number = Relay(settings.partitions).home(patient_id)
    async with reading(settings, "cardiostream-explain") as consumer:
        share.restore((r.key, r.value) for r in await read_to_end(consumer, topics.STATE, number))
    timelines = share.gathered(patient_id)
    if share.identities.resolve(patient_id) != patient_id or not timelines:
        return None
    return case_of(patient_id, timelines, spec, cutoffs=cutoffs(share, settings), received_at=None)
