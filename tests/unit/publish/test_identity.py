from __future__ import annotations

import uuid

import msgspec
import numpy as np

from streams.fusion.fuse import fuse
from streams.publish.identity import facts_digest, resource_id, version_id
from streams.records import Prediction, RiskScore
from streams.timeline.series import Series, Snapshot

FACTS = b"f" * 16


def test_the_id_is_a_uuid5_of_patient_and_instant() -> None:
    assert uuid.UUID(resource_id("pat-1", 1_700_000_000_123)).version == 5
    assert resource_id("pat-1", 1_700_000_000_123) == "edc1ed40-b133-5c3e-8f4b-cd3474e793cd"


def test_another_patient_or_instant_is_another_id() -> None:
    ids = {resource_id("p", 1), resource_id("p", 2), resource_id("p1", 1), resource_id("p", 11), resource_id("p1", 11)}
    assert len(ids) == 5


def test_the_same_facts_and_models_are_the_same_version_whatever_the_last_bits(
    score: RiskScore, snapshot: Snapshot, gru: Prediction, news2: Prediction
) -> None:
    nudged = msgspec.structs.replace(gru, value=float(np.nextafter(gru.value or 0.0, 1)))
    assert version_id(fuse(snapshot, [nudged, news2]), FACTS) == version_id(score, FACTS)


def test_other_facts_are_another_version(score: RiskScore) -> None:
    assert version_id(score, b"g" * 16) != version_id(score, FACTS)


def test_each_stage_is_another_version(score: RiskScore) -> None:
    stale = msgspec.structs.replace(score, stale=True)
    silent = msgspec.structs.replace(stale, silent=True)
    assert len({version_id(one, FACTS) for one in (score, stale, silent)}) == 3


def test_a_model_that_did_not_answer_makes_another_version(
    score: RiskScore, snapshot: Snapshot, gru: Prediction, news2: Prediction
) -> None:
    away = msgspec.structs.replace(gru, status="unavailable", value=None)
    newer = msgspec.structs.replace(gru, version="2")
    versions = {version_id(fuse(snapshot, [p, news2]), FACTS) for p in (gru, away, newer)}
    assert len(versions) == 3


def test_why_a_model_did_not_answer_makes_no_other_version(
    snapshot: Snapshot, gru: Prediction, news2: Prediction
) -> None:
    away = [msgspec.structs.replace(gru, status="unavailable", value=None, reasons=(r,)) for r in ("deadline", "open")]
    assert len({version_id(fuse(snapshot, [p, news2]), FACTS) for p in away}) == 1


def test_each_part_of_a_snapshot_tells_in_the_digest(snapshot: Snapshot) -> None:
    series = snapshot.series
    changed = [
        snapshot,
        msgspec.structs.replace(snapshot, series=Series(series.quantity + 1, series.effective_at, series.value)),
        msgspec.structs.replace(snapshot, series=Series(series.quantity, series.effective_at + 1, series.value)),
        msgspec.structs.replace(snapshot, series=Series(series.quantity, series.effective_at, series.value + 1)),
        msgspec.structs.replace(snapshot, birth_date="1950"),
        msgspec.structs.replace(snapshot, sex="male"),
        msgspec.structs.replace(snapshot, encounter_id="enc-2"),
        msgspec.structs.replace(snapshot, corrected=True),
        msgspec.structs.replace(snapshot, basis_count=3),
        msgspec.structs.replace(snapshot, basis=("hr-1", "rr-2")),
        msgspec.structs.replace(snapshot, ward="North"),
        msgspec.structs.replace(snapshot, bed="North"),
        msgspec.structs.replace(snapshot, ward="North", bed="12"),
    ]
    assert len({facts_digest(one) for one in changed}) == len(changed)


def test_equal_snapshots_have_equal_digests(snapshot: Snapshot) -> None:
    series = snapshot.series
    copied = msgspec.structs.replace(
        snapshot, series=Series(series.quantity.copy(), series.effective_at.copy(), series.value.copy())
    )
    assert facts_digest(copied) == facts_digest(snapshot)


def test_a_version_id_is_an_r4_id(score: RiskScore) -> None:
    assert len(version_id(score, FACTS)) == 32
    assert version_id(score, FACTS).isalnum()
