"""Literal facts give literal tensors; the window hangs on as_of."""

import math
from datetime import date, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.clock import DAY, HOUR, SECOND
from streams.inference.manifest import (
    Calibration,
    Input,
    Manifest,
    Onnx,
    Output,
    Statics,
    Step,
    Sufficiency,
    Tensor,
    Thresholds,
    Training,
    Window,
)
from streams.modalities.vitals import prepare, prepare_many, stack
from streams.records import InputUsed
from streams.timeline.series import Series, Snapshot, series_of
from streams.vocabulary import INDEX

HR, RR, TEMP, URINE, GCS, CREATININE = "8867-4", "9279-1", "8310-5", "9187-6", "9269-2", "2160-0"
EYE, VERBAL, MOTOR = "9267-6", "9270-0", "9268-4"
AS_OF = 20_000 * DAY + 12 * HOUR

SPEC = Manifest(
    name="test",
    version="1",
    kind="gru",
    modality="vitals",
    target="nothing",
    window=Window(bins=4, bin_s=3600),
    sufficiency=Sufficiency(min_facts=2, min_codes=1),
    inputs=(
        Input(HR, "heart rate", "/min", "vital", mean=80.0, std=10.0, required=True, fresh_s=3600.0),
        Input(TEMP, "temperature", "Cel", "vital", mean=37.0, std=1.0, low=30.0, high=42.0),
        Input(URINE, "urine", "mL", "lab", mean=0.0, std=1.0, scale="log1p", aggregate="sum"),
        Input(GCS, "coma", "{score}", "vital", mean=15.0, std=1.0, parts=(EYE, VERBAL, MOTOR)),
    ),
    statics=Statics(age_mean=60.0, age_std=10.0, age_max=90.0),
    tensors=(Tensor("values", (4, 4), "FP32", -8, 8),),
    output=Output("risk", (1,), "FP32", 0, 1, meaning=""),
    calibration=Calibration("platt", 1.0, 0.0, True),
    thresholds=Thresholds(0.5, "", (Step("low", 0.0),)),
    training=Training("", "", "", 0, 0, 0, ""),
    onnx=Onnx("", "", 17, 8),
)


def snapshot(*facts, birth_date="", sex="", as_of=AS_OF):
    rows = [(as_of - round(age_s * SECOND), INDEX[code], value) for code, age_s, value in facts]
    return Snapshot("p", as_of, series_of(rows), birth_date, sex, "", False, (), 0)


def column(prepared, name, code):
    k = [i.code for i in SPEC.inputs].index(code)
    return prepared.tensors[name][:, k].tolist()


def test_values_are_normalised_and_carried_forward_from_their_bin():
    prepared = prepare(snapshot((HR, 2.5 * 3600, 100.0), (HR, 0, 70.0)), SPEC)
    assert column(prepared, "values", HR) == [0.0, 2.0, 2.0, -1.0]
    assert column(prepared, "hours_since", HR) == [-1.0, 0.0, 1.0, 0.0]


def test_a_bin_holds_the_mean_of_its_values():
    prepared = prepare(snapshot((HR, 60, 100.0), (HR, 0, 70.0)), SPEC)
    assert column(prepared, "values", HR) == [0.0, 0.0, 0.0, 0.5]


def test_urine_is_added_up_and_then_put_on_a_log_scale():
    prepared = prepare(snapshot((URINE, 1800, 40.0), (URINE, 60, 59.0)), SPEC)
    assert column(prepared, "values", URINE)[3] == pytest.approx(math.log(100.0), abs=1e-6)


def test_a_fact_exactly_at_as_of_is_in_the_newest_bin():
    assert column(prepare(snapshot((HR, 0, 90.0)), SPEC), "hours_since", HR) == [-1.0, -1.0, -1.0, 0.0]


def test_a_fact_exactly_one_hour_old_is_in_the_bin_before():
    assert column(prepare(snapshot((HR, 3600, 90.0)), SPEC), "hours_since", HR) == [-1.0, -1.0, 0.0, 1.0]


def test_a_fact_a_millisecond_younger_than_an_hour_is_in_the_newest_bin():
    assert column(prepare(snapshot((HR, 3599.999, 90.0)), SPEC), "hours_since", HR) == [-1.0, -1.0, -1.0, 0.0]


def test_a_fact_as_old_as_the_window_is_not_read_and_not_carried_into_it():
    prepared = prepare(snapshot((HR, 4 * 3600, 90.0), (TEMP, 0, 37.0)), SPEC)
    assert column(prepared, "hours_since", HR) == [-1.0] * 4
    assert column(prepared, "values", HR) == [0.0] * 4
    assert prepared.inputs == (InputUsed(TEMP, 1, 0.0),)


def test_a_fact_after_as_of_is_not_read():
    prepared = prepare(snapshot((HR, 0, 90.0), (HR, -60, 200.0)), SPEC)
    assert column(prepared, "values", HR)[3] == 1.0


def test_a_patient_without_facts_is_all_padding_and_insufficient():
    prepared = prepare(snapshot(), SPEC)
    assert (prepared.tensors["hours_since"] == -1).all()
    assert (prepared.tensors["values"] == 0).all()
    assert prepared.inputs == ()
    assert prepared.reasons == (f"missing:{HR}", "too-few")


def test_bins_before_the_first_fact_are_nothing_but_minus_one():
    prepared = prepare(snapshot((HR, 0, 90.0), (TEMP, 3700, 37.0)), SPEC)
    assert (prepared.tensors["hours_since"] == -1).all(axis=1).tolist() == [True, True, False, False]


def test_codes_that_the_model_does_not_read_change_nothing():
    alone, beside = prepare(snapshot((HR, 0, 90.0)), SPEC), prepare(snapshot((HR, 0, 90.0), (RR, 0, 40.0)), SPEC)
    assert alone.inputs == beside.inputs
    assert all((alone.tensors[name] == beside.tensors[name]).all() for name in alone.tensors)


def test_values_out_of_the_models_own_range_are_not_read():
    prepared = prepare(snapshot((TEMP, 60, 26.0), (TEMP, 0, 38.0)), SPEC)
    assert column(prepared, "values", TEMP)[3] == 1.0
    assert prepared.inputs == (InputUsed(TEMP, 1, 0.0),)


def test_extreme_values_are_cut_at_eight_deviations():
    assert column(prepare(snapshot((HR, 0, 300.0)), SPEC), "values", HR)[3] == 8.0


def test_the_coma_total_is_made_of_three_parts_of_one_instant():
    prepared = prepare(snapshot((EYE, 60, 4.0), (VERBAL, 60, 4.0), (MOTOR, 60, 6.0)), SPEC)
    assert column(prepared, "values", GCS)[3] == -1.0
    assert prepared.inputs == (InputUsed(GCS, 1, 60.0),)


def test_parts_of_different_instants_make_no_coma_total():
    prepared = prepare(snapshot((EYE, 60, 4.0), (VERBAL, 61, 4.0), (MOTOR, 60, 6.0)), SPEC)
    assert column(prepared, "hours_since", GCS) == [-1.0] * 4


def test_a_charted_coma_total_is_preferred_to_its_parts_of_the_same_instant():
    facts = (EYE, 60, 1.0), (VERBAL, 60, 1.0), (MOTOR, 60, 1.0), (GCS, 60, 14.0)
    assert column(prepare(snapshot(*facts), SPEC), "values", GCS)[3] == -1.0


def test_of_two_parts_charted_at_one_instant_the_higher_counts():
    facts = (EYE, 60, 1.0), (EYE, 60, 4.0), (VERBAL, 60, 5.0), (MOTOR, 60, 6.0)
    assert column(prepare(snapshot(*facts), SPEC), "values", GCS)[3] == 0.0


def test_a_derived_total_older_than_a_charted_one_does_not_make_it_look_older():
    facts = (EYE, 7200, 4.0), (VERBAL, 7200, 4.0), (MOTOR, 7200, 6.0), (GCS, 30, 15.0)
    assert prepare(snapshot(*facts), SPEC).inputs == (InputUsed(GCS, 2, 30.0),)


def test_what_was_used_is_counted_with_the_age_of_the_newest():
    prepared = prepare(snapshot((HR, 7200, 90.0), (HR, 90, 80.0), (TEMP, 600, 37.0)), SPEC)
    assert prepared.inputs == (InputUsed(HR, 2, 90.0), InputUsed(TEMP, 1, 600.0))
    assert prepared.reasons == ()


@pytest.mark.parametrize(("age_s", "reasons"), [(3600, ()), (3601, (f"stale:{HR}",))])
def test_a_required_input_may_be_as_old_as_declared_and_no_older(age_s, reasons):
    assert prepare(snapshot((HR, age_s, 90.0), (TEMP, 0, 37.0)), SPEC).reasons == reasons


def test_a_single_fact_is_too_few():
    assert prepare(snapshot((HR, 0, 90.0)), SPEC).reasons == ("too-few",)


@pytest.mark.parametrize(
    ("birth_date", "sex", "statics"),
    [
        ("1964-10-04", "male", [0.0, 1.0, 1.0, 1.0]),
        ("1964", "female", [0.0, 1.0, 0.0, 1.0]),
        ("1964-10", "other", [0.0, 1.0, 0.0, 0.0]),
        ("1900", "", [3.0, 1.0, 0.0, 0.0]),
        ("", "unknown", [0.0, 0.0, 0.0, 0.0]),
        ("2100", "", [0.0, 0.0, 0.0, 0.0]),
        ("nonsense", "", [0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_age_and_sex_say_what_is_unknown(birth_date, sex, statics):
    told = prepare(snapshot((HR, 0, 80.0), birth_date=birth_date, sex=sex), SPEC).tensors["statics"]
    assert told.tolist() == pytest.approx(statics, abs=0.03)


def test_patients_are_stacked_along_a_new_first_dimension():
    one, two = prepare(snapshot((HR, 0, 90.0)), SPEC), prepare(snapshot((HR, 0, 70.0)), SPEC)
    batch = stack([one, two])
    assert {name: array.shape for name, array in batch.items()} == {
        "values": (2, 4, 4),
        "hours_since": (2, 4, 4),
        "statics": (2, 4),
    }
    assert batch["values"][:, 3, 0].tolist() == [1.0, -1.0]
    assert all(array.dtype == np.float32 for array in batch.values())


FACTS = st.lists(
    st.tuples(
        st.sampled_from([HR, TEMP, URINE, GCS, EYE, VERBAL, MOTOR, RR, CREATININE]),
        st.integers(0, 6 * 60).map(lambda minutes: minutes * 60.0),
        st.integers(1, 200).map(float),
    ),
    max_size=60,
)


def equal(one, two):
    return (
        one.inputs == two.inputs
        and one.reasons == two.reasons
        and all((one.tensors[name] == two.tensors[name]).all() for name in one.tensors)
    )


@given(facts=FACTS, days=st.integers(-20_000, 60_000), born=st.dates(date(1900, 1, 1), date(2020, 1, 1)))
@settings(deadline=None)
def test_shifting_everything_by_whole_days_changes_nothing(facts, days, born):
    here = snapshot(*facts, birth_date=born.isoformat())
    later = (born + timedelta(days=days)).isoformat()
    there = snapshot(*facts, birth_date=later, as_of=AS_OF + days * DAY)
    assert equal(prepare(here, SPEC), prepare(there, SPEC))


@given(facts=FACTS, random=st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_in_which_facts_are_found_changes_nothing(facts, random):
    shuffled = list(facts)
    random.shuffle(shuffled)
    assert equal(prepare(snapshot(*facts), SPEC), prepare(snapshot(*shuffled), SPEC))


@given(facts=FACTS)
@settings(deadline=None)
def test_ties_in_time_may_stand_in_any_order(facts):
    whole = snapshot(*[f for f in facts if f[0] not in (EYE, VERBAL, MOTOR)])
    order = np.lexsort((-whole.series.quantity, whole.series.effective_at))
    turned = msgspec.structs.replace(whole, series=Series(*(array[order] for array in whole.series)))
    one, two = prepare(whole, SPEC), prepare(turned, SPEC)
    assert one.inputs == two.inputs
    for name in one.tensors:
        np.testing.assert_allclose(one.tensors[name], two.tensors[name], atol=1e-6)


@given(facts=FACTS)
@settings(deadline=None)
def test_tensors_are_finite_and_within_their_range(facts):
    tensors = prepare(snapshot(*facts), SPEC).tensors
    assert np.isfinite(tensors["values"]).all()
    assert np.abs(tensors["values"]).max() <= 8
    assert set(np.unique(tensors["hours_since"])) <= {-1.0, 0.0, 1.0, 2.0, 3.0}


def test_the_window_slides_after_it_is_full():
    """A patient of 100 hours with a constant course looks the same at every later hour."""
    facts = [(HR, 3600.0 * k, 88.0) for k in range(100)]
    assert equal(prepare(snapshot(*facts), SPEC), prepare(snapshot(*facts[:4]), SPEC))


FACTS = st.tuples(
    st.sampled_from([HR, TEMP, URINE, GCS, EYE, VERBAL, MOTOR, RR]),
    st.integers(-60, 6 * 3600),
    st.floats(1, 200),
)


@given(st.lists(st.lists(FACTS, max_size=12), max_size=5), st.integers(0, 3 * 3_600_000))
@settings(max_examples=100, deadline=None)
def test_many_patients_are_prepared_as_each_alone(ward, later):
    seen = [snapshot(*facts, as_of=AS_OF + k * later) for k, facts in enumerate(ward)]
    for one, many in zip([prepare(one, SPEC) for one in seen], prepare_many(seen, SPEC), strict=True):
        assert (one.inputs, one.reasons) == (many.inputs, many.reasons)
        assert all(np.array_equal(one.tensors[name], many.tensors[name]) for name in one.tensors)
