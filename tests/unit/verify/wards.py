"""A few patients with vital signs: their state, what is expected of them, and what would be published."""

from __future__ import annotations

from pathlib import Path

from streams.fusion.stage import Cutoffs
from streams.inference.manifest import load
from streams.modes.standing import Standing
from streams.publish.riskassessment import write
from streams.publish.terms import terms_of
from streams.records import Measure, ObservationVersion, RiskScore, Version
from streams.timeline.retention import Retention
from streams.timeline.timeline import Timeline
from streams.verify.comparison import (
    expected_scores,
)
from streams.verify.offline import OfflineScorer
from streams.workers.serving import serving_of

REPOSITORY = Path(__file__).parents[3] / "model_repo"
SPEC = load(REPOSITORY, "deterioration_gru")
SCORER = OfflineScorer(REPOSITORY, SPEC)
SERVING = serving_of(REPOSITORY, Standing(), SPEC)
TERMS = {SPEC.name: terms_of(SPEC)}
START, HOUR = 1_700_000_000_000, 3_600_000
RETENTION = Retention(72 * HOUR, 14 * 24 * HOUR)
VITALS = {"8867-4": 80.0, "8480-6": 120.0, "8462-4": 75.0, "9279-1": 16.0, "2708-6": 97.0, "8310-5": 37.0}


def fact(patient_id: str = "p1", resource_id: str = "a", at: int = START, hr: float = 80.0, version: int = 1,
         withdrawn: bool = False) -> ObservationVersion:  # fmt: skip
    measures = tuple(Measure(c, c, v) for c, v in (VITALS | {"8867-4": hr}).items())
    return ObservationVersion(
        "hospital", resource_id, patient_id, Version(version_id=version), withdrawn, START, at, "e1", measures
    )


def state(*facts: ObservationVersion) -> dict[str, Timeline]:
    found: dict[str, Timeline] = {}
    for one in facts:
        found.setdefault(one.patient_id, Timeline(RETENTION)).apply(one)
    return found


FACTS = (fact("p1", "a"), fact("p1", "b", START + HOUR), fact("p2", "c"))


Expected = dict[str, tuple[RiskScore, str]]


def expected(*facts: ObservationVersion, cutoffs: dict[str, Cutoffs] | None = None) -> Expected:
    return expected_scores({p: [t] for p, t in state(*facts).items()}, cutoffs or {}, SERVING, SCORER)


def published(scores: Expected) -> dict[str, bytes]:
    return {p: write(score, TERMS, version) for p, (score, version) in scores.items()}
