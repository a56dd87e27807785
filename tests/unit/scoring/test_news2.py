from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clock import HOUR, MINUTE, Instant
from streams.records import InputUsed, Prediction
from streams.scoring.news2 import PHYSIOLOGY, news2
from streams.timeline.series import Snapshot, series_of
from streams.vocabulary import INDEX, quantity

AS_OF = 1_700_000_000_000
RR, SPO2, SBP, HR, TEMP = "9279-1", "2708-6", "8480-6", "8867-4", "8310-5"
GCS, EYE, VERBAL, MOTOR = "9269-2", "9267-6", "9270-0", "9268-4"
FLOW, SHARE, CHARTED_OXYGEN = "3151-8", "3150-6", "supplemental-oxygen"
ACVPU, SCALE_2 = "80288-4", "news2-spo2-scale-2"
NORMAL = ((RR, 16.0), (SPO2, 98.0), (SBP, 120.0), (HR, 70.0), (TEMP, 37.0))

Fact = tuple[str, float] | tuple[str, float, Instant]


def snapshot(*facts: Fact) -> Snapshot:
    """Facts are (code, value) at as_of, or (code, value, age in milliseconds)."""
    rows = [(AS_OF - (fact[2] if len(fact) == 3 else 0), INDEX[fact[0]], float(fact[1])) for fact in facts]
    return Snapshot("p", AS_OF, series_of(rows), "", "", "", False, (), len(rows))


def score(*facts: Fact) -> Prediction:
    return news2(snapshot(*facts))


def test_a_well_patient_scores_nought() -> None:
    found = score(*NORMAL, (GCS, 15), (FLOW, 0))
    assert (found.model, found.version, found.as_of) == ("news2", "2017", AS_OF)
    assert (found.status, found.value, found.level, found.reasons) == ("ok", 0.0, "low", ())


def test_a_patient_in_shock_scores_high() -> None:
    found = score((RR, 26), (SPO2, 90), (SBP, 85), (HR, 135), (TEMP, 34.9), (GCS, 12), (FLOW, 4))
    assert (found.value, found.level) == (20.0, "high")


def test_the_newest_value_counts() -> None:
    found = score(*NORMAL[:3], (TEMP, 37.0), (HR, 140, 2 * HOUR), (HR, 70, HOUR))
    assert found.value == 0.0


def test_it_says_what_it_used_and_how_old_it_was() -> None:
    found = score(*NORMAL[:4], (TEMP, 37.0, 90 * MINUTE))
    assert found.inputs[0] == InputUsed(RR, 1, 0.0)
    assert InputUsed(TEMP, 1, 5400.0) in found.inputs


def test_what_was_not_charted_is_assumed_and_said() -> None:
    assert score(*NORMAL).reasons == ("assumed-air", "assumed-alert")
    assert score(*NORMAL).status == "ok"


def test_a_value_of_exactly_twelve_hours_counts_and_an_older_one_does_not() -> None:
    assert score(*NORMAL[:4], (TEMP, 34.0, 12 * HOUR)).value == 3.0
    late = score(*NORMAL[:4], (TEMP, 34.0, 12 * HOUR + 1))
    assert (late.status, late.value, late.level) == ("indeterminate", 0.0, "indeterminate")
    assert late.reasons == ("partial", f"stale:{TEMP}", "assumed-air", "assumed-alert")


def test_a_partial_score_that_is_low_claims_no_level() -> None:
    found = score(*NORMAL[:4])
    assert (found.status, found.value, found.level) == ("indeterminate", 0.0, "indeterminate")
    assert found.reasons[:2] == ("partial", f"missing:{TEMP}")


@pytest.mark.parametrize(
    ("facts", "value", "level"),
    [
        (((RR, 26), (SPO2, 98), (SBP, 120)), 3.0, "low-medium"),
        (((RR, 26), (SPO2, 92), (SBP, 120)), 5.0, "medium"),
        (((RR, 26), (SPO2, 90), (SBP, 105)), 7.0, "high"),
    ],
)
def test_a_partial_score_that_is_raised_keeps_its_level(facts: tuple[Fact, ...], value: float, level: str) -> None:
    found = score(*facts)
    assert (found.status, found.value, found.level) == ("indeterminate", value, level)
    assert found.reasons[:3] == ("partial", f"missing:{HR}", f"missing:{TEMP}")


def test_two_parameters_are_no_score() -> None:
    found = score((RR, 30), (SPO2, 80), (GCS, 3), (FLOW, 10))
    assert (found.status, found.value, found.level) == ("indeterminate", None, "indeterminate")
    assert found.reasons == (f"missing:{SBP}", f"missing:{HR}", f"missing:{TEMP}")
    assert [used.code for used in found.inputs] == [RR, SPO2]


def test_no_facts_at_all_are_no_score() -> None:
    assert score().reasons == tuple(f"missing:{code}" for code in PHYSIOLOGY)


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        (((FLOW, 0.0),), 0),
        (((FLOW, 0.5),), 2),
        (((SHARE, 21.0),), 0),
        (((SHARE, 28.0),), 2),
        (((FLOW, 2.0, HOUR), (SHARE, 21.0)), 0),
        (((FLOW, 0.0), (SHARE, 40.0, HOUR)), 0),
        (((FLOW, 0.0), (SHARE, 40.0)), 2),
        (((FLOW, 2.0, 13 * HOUR),), 0),
    ],
    ids=["no-flow", "flow", "room-air", "enriched", "newer-air", "newer-no-flow", "same-instant", "too-old"],
)
def test_supplemental_oxygen(facts: tuple[Fact, ...], points: int) -> None:
    assert score(*NORMAL, *facts).value == points


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        (((GCS, 15),), 0),
        (((GCS, 14),), 3),
        (((EYE, 4), (VERBAL, 5), (MOTOR, 6)), 0),
        (((EYE, 4), (VERBAL, 4), (MOTOR, 6)), 3),
        (((GCS, 15, HOUR), (EYE, 3), (VERBAL, 5), (MOTOR, 6)), 3),
        (((GCS, 14, HOUR), (EYE, 4), (VERBAL, 5), (MOTOR, 6)), 0),
        (((GCS, 15), (EYE, 3, HOUR), (VERBAL, 5, HOUR), (MOTOR, 6, HOUR)), 0),
        (((GCS, 15), (EYE, 3), (VERBAL, 5), (MOTOR, 6)), 0),
        (((EYE, 3, HOUR), (VERBAL, 5, HOUR), (MOTOR, 6, HOUR), (EYE, 4)), 3),
        (((EYE, 4), (VERBAL, 5, HOUR), (MOTOR, 6, 2 * HOUR)), 0),
        (
            (
                *((EYE, 4, 2 * HOUR), (VERBAL, 5, 2 * HOUR), (MOTOR, 6, 2 * HOUR)),
                *((EYE, 3, HOUR), (VERBAL, 5, HOUR), (MOTOR, 6, HOUR), (EYE, 4)),
            ),
            3,
        ),
    ],
    ids=[
        "total-15",
        "total-14",
        "parts-15",
        "parts-14",
        "newer-parts-worse",
        "newer-parts-better",
        "newer-total",
        "total-before-parts-at-one-instant",
        "newest-instant-with-all-parts",
        "parts-of-different-instants-say-nothing",
        "newest-of-two-instants-with-all-parts",
    ],
)
def test_consciousness(facts: tuple[Fact, ...], points: int) -> None:
    assert score(*NORMAL, *facts).value == points


def test_parts_of_different_instants_are_not_added_up() -> None:
    assert "assumed-alert" in score(*NORMAL, (EYE, 1), (VERBAL, 1, HOUR), (MOTOR, 1, HOUR)).reasons


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        (((ACVPU, 0),), 0),
        (((ACVPU, 1),), 3),
        (((ACVPU, 2),), 3),
        (((ACVPU, 3),), 3),
        (((ACVPU, 4),), 3),
        (((ACVPU, 1, HOUR), (GCS, 15)), 0),
        (((ACVPU, 0), (GCS, 12, HOUR)), 0),
        (((ACVPU, 1), (GCS, 15, HOUR)), 3),
        (((ACVPU, 1), (GCS, 15)), 3),
        (((ACVPU, 0), (GCS, 14)), 3),
        (((ACVPU, 0, HOUR), (EYE, 3), (VERBAL, 5), (MOTOR, 6)), 3),
        (((ACVPU, 1, 13 * HOUR),), 0),
    ],
    ids=[
        "alert", "confused", "voice", "pain", "unresponsive", "newer-coma-score", "newer-nurse", "newer-nurse-worse",
        "one-instant-nurse-worse", "one-instant-coma-score-worse", "newer-parts", "too-old",
    ],
)  # fmt: skip
def test_consciousness_by_a_nurses_observation(facts: tuple[Fact, ...], points: int) -> None:
    assert score(*NORMAL, *facts).value == points


def test_consciousness_of_one_instant_names_both_that_it_stands_on() -> None:
    found = score(*NORMAL, (ACVPU, 0), (GCS, 15))
    assert [used.code for used in found.inputs[5:]] == [GCS, ACVPU]
    assert found.reasons == ("assumed-air",)


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        (((CHARTED_OXYGEN, 0),), 0),
        (((CHARTED_OXYGEN, 1),), 2),
        (((CHARTED_OXYGEN, 0), (FLOW, 2, HOUR)), 0),
        (((CHARTED_OXYGEN, 1, HOUR), (SHARE, 21)), 0),
        (((CHARTED_OXYGEN, 0), (FLOW, 2)), 2),
    ],
    ids=["air", "oxygen", "newer-air", "newer-share", "one-instant"],
)
def test_supplemental_oxygen_as_charted(facts: tuple[Fact, ...], points: int) -> None:
    assert score(*NORMAL, *facts).value == points


LOW_SATURATION = ((RR, 16.0), (SPO2, 89.0), (SBP, 120.0), (HR, 70.0), (TEMP, 37.0), (GCS, 15), (FLOW, 0))


def test_a_flag_puts_the_saturation_on_scale_2_and_is_said() -> None:
    assert score(*LOW_SATURATION).value == 3.0
    flagged = score(*LOW_SATURATION, (SCALE_2, 1, HOUR))
    assert (flagged.value, flagged.status, flagged.reasons) == (0.0, "ok", ("spo2-scale-2",))
    assert InputUsed(SCALE_2, 1, 3600.0) in flagged.inputs


def test_a_flag_is_never_stale() -> None:
    assert score(*LOW_SATURATION, (SCALE_2, 1, 400 * 24 * HOUR)).value == 0.0


def test_a_saturation_above_the_target_on_oxygen_scores_on_scale_2() -> None:
    chart = ((RR, 16.0), (SPO2, 97.0), (SBP, 120.0), (HR, 70.0), (TEMP, 37.0), (GCS, 15), (FLOW, 2))
    assert score(*chart).value == 2.0
    assert score(*chart, (SCALE_2, 1)).value == 5.0


def test_a_value_that_is_too_old_is_named_with_its_age_and_not_used() -> None:
    found = score(*NORMAL[:4], (TEMP, 39.5, 13 * HOUR))
    assert found.reasons[:2] == ("partial", f"stale:{TEMP}")
    assert found.inputs[-1] == InputUsed(TEMP, 0, 13 * 3600.0)


def test_a_value_that_is_too_old_beside_too_few_others_is_named_with_its_age() -> None:
    assert score((RR, 30), (TEMP, 39.5, 13 * HOUR)).inputs == (InputUsed(RR, 1, 0.0), InputUsed(TEMP, 0, 46800.0))


codes = st.sampled_from([RR, SPO2, SBP, HR, TEMP, GCS, EYE, VERBAL, MOTOR, FLOW, SHARE, ACVPU, CHARTED_OXYGEN, SCALE_2])


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    known = quantity(draw(codes))
    return (known.code, round(draw(st.floats(known.low, known.high)), 1), draw(st.integers(0, 20)) * HOUR)


@given(st.lists(facts(), max_size=25))
def test_any_chart_gives_a_score_within_bounds_or_none(chart: list[Fact]) -> None:
    found = score(*chart)
    assert found.value is None or 0 <= found.value <= 20
    assert (found.status == "ok") == (not any(r.startswith(("missing", "stale")) for r in found.reasons))
    assert found.status != "ok" or found.level != "indeterminate"
    assert all(0 <= used.newest_age_s <= 12 * 3600 for used in found.inputs if used.count and used.code != SCALE_2)
    assert all(used.newest_age_s > 12 * 3600 for used in found.inputs if not used.count)


@given(st.lists(facts(), max_size=25), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(chart: list[Fact], random: object) -> None:
    shuffled = list(chart)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert score(*chart) == score(*shuffled)


@given(st.sampled_from(NORMAL), st.lists(facts(), max_size=10))
def test_a_missing_parameter_never_raises_the_score(left_out: Fact, extra: list[Fact]) -> None:
    rest = [fact for fact in extra if fact[0] != left_out[0]]
    whole, partial = score(*NORMAL, *rest), score(*(fact for fact in NORMAL if fact != left_out), *rest)
    assert whole.value is not None
    assert partial.value is not None
    assert partial.value <= whole.value
