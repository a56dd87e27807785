"""What imaging studies may do to a score, and what they must not, whatever is said of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clock import DAY
from streams.fusion.fuse import RANK, fuse
from streams.records import Prediction, RiskScore, Version
from streams.scoring.studies import of_studies
from streams.timeline.series import Snapshot
from streams.timeline.studies import Found, HeldFinding, HeldStudy
from tests.unit.fusion.voices import AS_OF, NO_NEWS, SNAPSHOT, UNSURE, gru, news, scored

levels = st.sampled_from(["low", "low-medium", "medium", "high", "indeterminate"])
times = st.integers(AS_OF - 9 * DAY, AS_OF + 9 * DAY)
ratios = st.floats(0.2, 1.0) | st.none()
views = st.sampled_from(["PA", "AP", ""])
learned = st.just(UNSURE) | st.builds(gru, st.floats(0, 1), levels.filter(lambda one: one != "indeterminate"))
transparent = st.just(NO_NEWS) | st.builds(scored, st.integers(0, 20))
stages = st.sampled_from(["fresh", "stale", "silent"])


def study(model: str, at: int, *found: Found, view: str = "PA", number: int = 0) -> HeldStudy:
    finding = HeldFinding(
        model, "1", "ok" if found else "indeterminate", () if found else ("implausible",), view, found
    )
    return HeldStudy("pacs", f"ImagingStudy/{number}", Version(0, 1), False, at, at, "", (finding,), None)


def heart(ratio: float | None, at: int = AS_OF, view: str = "PA") -> HeldStudy:
    found = () if ratio is None else (Found("cardiothoracic-ratio", "measure", ratio, "indeterminate", "1"),)
    return study("chest_heart_unet", at, *found, view=view)


def other(model: str, name: str, value: float, level: Any, at: int) -> HeldStudy:
    return study(model, at, Found(name, "class", value, level, ""), number=1)


others = st.builds(
    other, st.sampled_from(["chest_xray_cnn", "lung_ct", "chest_heart_unet"]), st.sampled_from(["pneumonia", "nodule"]),
    st.floats(0, 1), levels, times,
)  # fmt: skip
hearts = st.builds(heart, ratios, times, views)


def fused(both: tuple[Prediction, Prediction], *studies: HeldStudy, stage: Any = "fresh") -> RiskScore:
    seen: Snapshot = msgspec.structs.replace(SNAPSHOT, studies=studies)
    return fuse(seen, both, of_studies(seen), stage=stage)


def whole(score: RiskScore) -> tuple[Any, ...]:
    return score.level, score.index, score.as_of, score.degraded, score.stale, score.silent


@given(st.tuples(learned, transparent), st.lists(hearts, max_size=1), others, stages)
def test_pneumonia_and_whatever_else_films_show_never_moves_level_or_index(
    both: Any, films: list[HeldStudy], one: HeldStudy, stage: Any
) -> None:
    if one.findings[0].model == "chest_heart_unet" and films:
        films = []
    with_it, without = fused(both, *films, one, stage=stage), fused(both, *films, stage=stage)
    assert whole(with_it) == whole(without)
    assert {p.study for p in with_it.predictions} >= {one.resource_id}


@given(st.tuples(learned, transparent), hearts, stages)
def test_a_ratio_lowers_nothing_and_raises_at_most_to_low_medium_and_45(both: Any, film: HeldStudy, stage: Any) -> None:
    before, after = fused(both, stage=stage), fused(both, film, stage=stage)
    assert RANK[after.level] >= RANK[before.level]
    assert after.level == before.level or (before.level, after.level) == ("low", "low-medium")
    if before.index is None:
        assert after.index is None
    else:
        assert after.index is not None
        assert before.index <= after.index <= max(before.index, 45.0) + 1e-9


def test_a_large_heart_raises_a_low_level_a_little_and_says_by_what() -> None:
    both = gru(0.08, "low"), news(4.0, "low")
    assert fused(both).level == "low"
    score = fused(both, heart(0.6))
    assert (score.level, round(score.index or 0, 1)) == ("low-medium", 43.6)
    assert score.contributions[0].name == "imaging"
    assert score.basis == ("ImagingStudy/0", "Observation/a", "Observation/b")
    assert score.basis_count == 8


def test_a_usual_heart_changes_nothing() -> None:
    both = gru(0.01, "low"), news(0.0, "low")
    assert whole(fused(both, heart(0.45))) == whole(fused(both))


def test_a_large_heart_alone_is_no_level() -> None:
    score = fused((UNSURE, NO_NEWS), heart(0.7))
    assert (score.level, score.index) == ("indeterminate", None)


@pytest.mark.parametrize("film", [heart(None), heart(0.7, AS_OF - 8 * DAY), heart(0.7, view="AP")])
def test_a_film_that_is_refused_too_old_or_magnifies_moves_nothing(film: HeldStudy) -> None:
    both = gru(0.01, "low"), news(0.0, "low")
    assert whole(fused(both, film)) == whole(fused(both))


def test_a_refused_film_says_why_in_the_score() -> None:
    assert fused((gru(0.01, "low"), news(0.0, "low")), heart(None)).reasons == ("chest_heart_unet:implausible",)


def test_a_large_heart_does_not_raise_a_patient_who_is_far_from_the_next_level() -> None:
    both = gru(0.01, "low"), news(0.0, "low")
    assert fused(both, heart(0.7)).level == "low"
