"""Predictions and patients that tests of fusion speak of."""

from __future__ import annotations

from hypothesis import strategies as st

from streams.clock import HOUR
from streams.fusion.fuse import fuse
from streams.records import Level, Prediction, RiskScore, Status
from streams.scoring.news2_bands import Total, level
from streams.timeline.series import Snapshot, series_of

AS_OF = 1_700_000_000_000
SNAPSHOT = Snapshot("p", AS_OF, series_of([]), "", "", "enc-1", False, ("a", "b"), 7)


def prediction(
    model: str, status: Status, value: float | None, level: Level = "indeterminate", *reasons: str
) -> Prediction:
    return Prediction("p", model, "1", AS_OF, status, value, level, reasons)


def gru(value: float, level: Level = "low") -> Prediction:
    return prediction("deterioration_gru", "ok", value, level)


def news(value: float, level: Level = "low") -> Prediction:
    return prediction("news2", "ok", value, level)


def scored(points: int, worst: int = 0) -> Prediction:
    """NEWS2 with the level that is its own."""
    return news(float(points), level(Total(points, worst)))


def slow(model: str, finding: str, value: float, age_h: float = 0.0, version: str = "1") -> Prediction:
    at = AS_OF - round(age_h * HOUR)
    return Prediction("p", model, version, at, "ok", value, "low", study="ImagingStudy/1", finding=finding)


def ratio(value: float, age_h: float = 0.0) -> Prediction:
    return slow("chest_heart_unet", "cardiothoracic-ratio", value, age_h)


def note(value: float, age_h: float = 0.0) -> Prediction:
    return slow("notes_bert", "cardiovascular", value, age_h)


def ecg(value: float, age_h: float = 0.0) -> Prediction:
    return slow("ecg_cnn", "", value, age_h)


def labs(value: float, age_h: float = 0.0) -> Prediction:
    return slow("labs_autoencoder", "", value, age_h)


AWAY = prediction("deterioration_gru", "unavailable", None, "indeterminate", "breaker-open")
UNSURE = prediction("deterioration_gru", "indeterminate", None, "indeterminate", "missing:9279-1")
NO_NEWS = prediction("news2", "indeterminate", None, "indeterminate", "missing:8310-5")

probabilities = st.floats(0, 1)
ages = st.floats(0, 200)
grus = st.builds(gru, probabilities)
newses = st.builds(scored, st.integers(0, 20), st.integers(0, 3))
vital = st.tuples(st.one_of(st.just(AWAY), st.just(UNSURE), grus), st.one_of(st.just(NO_NEWS), newses))
of_each_slow = {
    "imaging": st.builds(ratio, st.floats(0.3, 1.0), ages),
    "notes": st.builds(note, probabilities, ages),
    "ecg": st.builds(ecg, probabilities, ages),
    "labs": st.builds(labs, probabilities, ages),
}
slow_lists = st.tuples(*(st.none() | one for one in of_each_slow.values())).map(
    lambda found: tuple(one for one in found if one is not None)
)


def fused(*predictions: Prediction) -> RiskScore:
    """Fuse what vital signs and what slow evidence say, told apart by their study."""
    return fuse(SNAPSHOT, [p for p in predictions if not p.study], [p for p in predictions if p.study])


def said(score: RiskScore) -> tuple[Level, float | None]:
    return score.level, score.index
