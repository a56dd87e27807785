from __future__ import annotations

from itertools import product

import pytest

from streams.fusion.fuse import fuse
from streams.fusion.stage import Stage
from streams.publish.terms import ModelTerms
from streams.records import Correction, Prediction, RiskScore
from streams.timeline.series import Snapshot, series_of
from streams.vocabulary import INDEX

AS_OF = 1_700_000_000_123
STAGES: tuple[Stage, ...] = ("fresh", "stale", "silent")


@pytest.fixture
def snapshot() -> Snapshot:
    series = series_of([(AS_OF, INDEX["8867-4"], 80.0)])
    return Snapshot("pat-1", AS_OF, series, "1950-01-01", "female", "enc-1", False, ("hr-1", "rr-1"), 2)


@pytest.fixture
def models() -> dict[str, ModelTerms]:
    terms = ModelTerms("deterioration_gru", "1", "death in hospital", True, 48 * 3600.0, "ab" * 32, "PhysioNet 2012")
    return {"deterioration_gru": terms}


@pytest.fixture
def gru() -> Prediction:
    return Prediction("pat-1", "deterioration_gru", "1", AS_OF, "ok", 0.1 + 0.2 / 3, "medium")


@pytest.fixture
def news2() -> Prediction:
    return Prediction("pat-1", "news2", "2017", AS_OF, "ok", 5.0, "medium", ("assumed-air",))


@pytest.fixture
def score(snapshot: Snapshot, gru: Prediction, news2: Prediction) -> RiskScore:
    return fuse(snapshot, [gru, news2])


@pytest.fixture
def every_shape() -> list[RiskScore]:
    """Every combination of what each model may say, with and without marks, encounter and a long basis."""
    learned = [
        Prediction("pat-1", "deterioration_gru", "1", AS_OF, "ok", 1e-7, "low"),
        Prediction("pat-1", "deterioration_gru", "1", AS_OF, "ok", 1.0, "high"),
        Prediction("pat-1", "deterioration_gru", "1", AS_OF, "unavailable", reasons=("breaker-open",)),
        Prediction("pat-1", "deterioration_gru", "1", AS_OF, "indeterminate", reasons=("missing:9279-1", "too-few")),
    ]
    transparent = [
        Prediction("pat-1", "news2", "2017", AS_OF, "ok", 3.0, "low-medium"),
        Prediction("pat-1", "news2", "2017", AS_OF, "indeterminate", 7.0, "high", ("partial", "missing:8310-5")),
        Prediction("pat-1", "news2", "2017", AS_OF, "indeterminate", reasons=("missing:8310-5",)),
    ]
    some = Snapshot("pat-1", AS_OF, series_of([]), "", "", "enc-1", False, ("hr-1",), 1, ward="ICU")
    gone = (Correction("hr-1", "withdrawn", 0),)
    none = Snapshot("pat-1", AS_OF, series_of([]), "", "", "", True, (), 0, gone, 1)
    basis = tuple(f"o-{k}" for k in range(50))
    changed = tuple(Correction(f"o-{k}", "replaced", AS_OF - k) for k in range(10))
    many = Snapshot("pat-1", AS_OF, series_of([]), "", "", "enc-1", True, basis, 312, changed, 14, "North", "12")
    return [
        fuse(who, both, stage=stage)
        for who, both, stage in product((some, none, many), product(learned, transparent), STAGES)
    ]
