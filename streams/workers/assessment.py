"""One patient's way from timeline to published records: snapshot, models' input, NEWS2, fusion, FHIR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from streams import topics
from streams.clock import Instant
from streams.fusion.fuse import fuse
from streams.fusion.rule import DEFAULT, Rule
from streams.fusion.stage import Cutoffs, Stage
from streams.inference.imaging_manifest import ImagingManifest
from streams.inference.manifest import Manifest
from streams.inference.notes_manifest import NotesManifest
from streams.inference.outcomes import Outcome, Unavailable
from streams.modalities.vitals import Prepared, prepare_many
from streams.modes.standing import EVERYTHING, Standing
from streams.publish import retirement
from streams.publish.headers import MODES, headers
from streams.publish.identity import facts_digest, version_id
from streams.publish.riskassessment import write
from streams.publish.slow_terms import terms_of_slow
from streams.publish.terms import ModelTerms, terms_of
from streams.records import Prediction, RiskScore
from streams.scoring.learned import insufficient, learned
from streams.scoring.news2 import news2
from streams.scoring.notes import of_notes
from streams.scoring.studies import of_studies
from streams.timeline.series import Snapshot
from streams.timeline.snapshot import snapshot
from streams.timeline.timeline import Timeline
from streams.transport.produce import Out
from streams.workers.predictions import prediction_out

RECEIVED_AT = "cs_received_at"
"""Header: arrival, in milliseconds, of the oldest input that made this score due; absent where time alone did."""

NOTHING_SINCE: Instant = 2**62
"""Of a patient that is judged again though no fact has come."""


class Noted(NamedTuple):
    """One patient to be judged, with the facts as they were when that was noted."""

    snapshot: Snapshot
    stage: Stage
    received_at: Instant | None
    """Arrival of the oldest input that made this score due; None where time or a debt did."""
    since: Instant = NOTHING_SINCE
    """Clinical time from which facts have come, changed or gone."""


class Case(msgspec.Struct, frozen=True, gc=False):
    """One patient on the way through a flush."""

    snapshot: Snapshot
    prepared: Prepared
    stage: Stage
    received_at: Instant | None

    @property
    def sufficient(self) -> bool:
        """Whether the learned model is to be asked."""
        return not self.prepared.reasons


def noted(
    patient_id: str,
    timelines: Sequence[Timeline],
    *,
    cutoffs: Cutoffs,
    received_at: Instant | None,
    since: Instant = NOTHING_SINCE,
) -> Noted | None:
    """Note one patient for judgement as the facts are now; None where nothing clinical was ever accepted.

    Parameters
    ----------
    timelines
        Of every identity whose facts are this patient's.
    cutoffs
        What the highest tick acted on makes of scores; ``Cutoffs()`` where there was none yet.
    since
        Clinical time from which facts have come, changed or gone.
    """
    found = snapshot(patient_id, timelines)
    return None if found is None else Noted(found, cutoffs.stage(found.as_of), received_at, since)


_NOT_ASKED = Prepared({}, (), ("not-live",))


def cases_of(those: Sequence[Noted], spec: Manifest | None) -> list[Case]:
    """Prepare all patients of a flush for judgement together; for no model where none is live."""
    prepared = [_NOT_ASKED] * len(those) if spec is None else prepare_many([one.snapshot for one in those], spec)
    return [Case(one.snapshot, ready, one.stage, one.received_at) for one, ready in zip(those, prepared, strict=True)]


def case_of(
    patient_id: str,
    timelines: Sequence[Timeline],
    spec: Manifest | None,
    *,
    cutoffs: Cutoffs,
    received_at: Instant | None,
) -> Case | None:
    """Prepare one patient alone; see `noted`."""
    found = noted(patient_id, timelines, cutoffs=cutoffs, received_at=received_at)
    return None if found is None else cases_of([found], spec)[0]


def judge(
    case: Case, outcome: Outcome | None, spec: Manifest | None, rule: Rule = DEFAULT, standing: Standing = EVERYTHING
) -> RiskScore:
    """Fuse the learned model's answer, NEWS2 and what was said of images and notes to one score.

    Parameters
    ----------
    outcome
        None where the model was not asked.
    spec
        The live version of the learned model; None where it is silent.
    rule
        How judgements become one.
    standing
        Leaves out what is said by versions that are not live.
    """
    own = (*_learned(case, outcome, spec), news2(case.snapshot))
    slow = (*of_studies(case.snapshot), *of_notes(case.snapshot)) if case.snapshot.studies else ()
    return fuse(case.snapshot, own, standing.shown(slow), stage=case.stage, rule=rule)


def _learned(case: Case, outcome: Outcome | None, spec: Manifest | None) -> tuple[Prediction, ...]:
    if spec is None:
        return ()
    if outcome is None:
        return (insufficient(case.snapshot, case.prepared, spec),)
    return (learned(case.snapshot, case.prepared, outcome, spec),)


def is_owed(outcome: Outcome | None) -> bool:
    """Tell whether a patient is to be judged again when the model is back."""
    return isinstance(outcome, Unavailable) and outcome.owed


def retired_out(found: retirement.Retirement, partition: int, epoch: int) -> Out:
    """Return the last word on a retired id."""
    return Out(
        topics.SCORES,
        partition,
        found.patient_id.encode(),
        retirement.write(found),
        retirement.headers_of(found, epoch),
    )


class Publisher:
    """Writes scores and predictions as records for the partition of their patient."""

    def __init__(self, specs: Sequence[Manifest], slow: Sequence[ImagingManifest | NotesManifest] = ()) -> None:
        self._terms: Mapping[str, ModelTerms] = {
            **{spec.name: terms_of(spec) for spec in specs},
            **{spec.name: terms_of_slow(spec) for spec in slow},
        }

    def records(self, case: Case, score: RiskScore, partition: int, epoch: int, modes: int = -1) -> list[Out]:
        """Return the records of one judged patient: each prediction, then the score.

        Parameters
        ----------
        modes
            Offset on `control.models` of the newest record in force; -1 where there is none.
        """
        key = score.patient_id.encode()
        facts = facts_digest(case.snapshot)
        # What is said of images and notes stands on topics of their own already.
        outs = [prediction_out(p, facts, partition, epoch) for p in score.predictions if not p.study]
        version = version_id(score, facts)
        head = headers(score, epoch, version)
        if modes >= 0:
            head.append((MODES, b"%d" % modes))
        if case.received_at is not None:
            head.append((RECEIVED_AT, b"%d" % case.received_at))
        outs.append(Out(topics.SCORES, partition, key, write(score, self._terms, version), head))
        return outs
