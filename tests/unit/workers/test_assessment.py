"""One patient's way from timeline to published records, with the model folder that is served."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from streams import topics
from streams.fusion.stage import Cutoffs
from streams.inference.batches import Batches
from streams.inference.fake import FakeClient
from streams.inference.manifest import Manifest, load
from streams.inference.outcomes import MODEL_OFF, Contract, Outcome, Unavailable, Value
from streams.publish.summary import read
from streams.records import Measure, ObservationVersion, Prediction
from streams.timeline.retention import Retention
from streams.timeline.timeline import Timeline
from streams.transport.produce import Out
from streams.workers.assessment import RECEIVED_AT, Case, Publisher, case_of, is_owed, judge
from tests.unit.workers.fakes import HOUR, MODEL_REPOSITORY, START, vitals

SPEC = load(MODEL_REPOSITORY, "deterioration_gru")
RETENTION = Retention(72 * HOUR, 14 * 24 * HOUR)


def timeline(*observations: ObservationVersion) -> Timeline:
    made = Timeline(RETENTION)
    for observation in observations:
        made.apply(observation)
    return made


def case(
    *observations: ObservationVersion,
    stale_before: int | None = None,
    silent_before: int | None = None,
    received_at: int | None = None,
) -> Case:
    cutoffs = Cutoffs(stale_before, silent_before)
    found = case_of("p1", [timeline(*observations)], SPEC, cutoffs=cutoffs, received_at=received_at)
    assert found is not None
    return found


ENOUGH = (vitals(at=START - HOUR), vitals(at=START))
ONE_PULSE = vitals(at=START, measures=(Measure("8867-4", "8867-4", 80.0),))


def by_model(predictions: tuple[Prediction, ...]) -> dict[str, Prediction]:
    return {prediction.model: prediction for prediction in predictions}


def answered(found: Case, spec: Manifest = SPEC) -> Outcome:
    scorer = Batches(FakeClient(spec.output.name), max_batch=8, calls_in_flight=1, breaker_pause_s=1.0)
    [outcome] = asyncio.run(scorer.score(spec, [found.prepared.tensors]))
    return outcome


def test_a_patient_of_whom_nothing_clinical_was_ever_accepted_is_no_case() -> None:
    assert case_of("p1", [Timeline(RETENTION)], SPEC, cutoffs=Cutoffs(), received_at=None) is None


def test_a_full_set_of_vital_signs_suffices_and_one_pulse_does_not() -> None:
    assert case(*ENOUGH).sufficient
    assert not case(ONE_PULSE).sufficient


def test_a_sufficient_patient_carries_the_models_value_and_its_level() -> None:
    found = case(*ENOUGH)
    outcome = answered(found)
    assert isinstance(outcome, Value)
    gru = by_model(judge(found, outcome, SPEC).predictions)["deterioration_gru"]
    assert (gru.status, gru.value, gru.level) == ("ok", outcome.value, SPEC.level(outcome.value))


def test_an_insufficient_patient_is_indeterminate_with_the_reasons_and_news2_stands_beside() -> None:
    found = case(ONE_PULSE)
    score = judge(found, None, SPEC)
    gru = by_model(score.predictions)["deterioration_gru"]
    assert (gru.status, gru.value, gru.reasons) == ("indeterminate", None, found.prepared.reasons)
    assert {"missing:8480-6", "too-few"} <= set(gru.reasons)
    assert set(by_model(score.predictions)) == {"deterioration_gru", "news2"}
    assert not score.degraded


def test_a_model_that_is_away_leaves_news2_alone_and_says_so() -> None:
    score = judge(case(*ENOUGH), Unavailable("breaker-open"), SPEC)
    assert score.degraded
    assert by_model(score.predictions)["deterioration_gru"].status == "unavailable"
    assert by_model(score.predictions)["news2"].value == 0.0
    assert score.level == "low"
    assert score.index is not None


def test_an_answer_outside_the_contract_is_indeterminate_and_no_debt() -> None:
    score = judge(case(*ENOUGH), Contract("nan"), SPEC)
    assert by_model(score.predictions)["deterioration_gru"].reasons == ("contract:nan",)
    assert not score.degraded
    assert not is_owed(Contract("nan"))


@pytest.mark.parametrize(
    ("outcome", "owed"),
    [
        (Unavailable("unavailable"), True),
        (Unavailable("deadline"), True),
        (Unavailable("breaker-open"), True),
        (Unavailable(MODEL_OFF), False),
        (Value(0.5), False),
        (None, False),
    ],
)
def test_only_a_model_that_was_away_makes_a_debt(outcome: Outcome | None, owed: bool) -> None:
    assert is_owed(outcome) is owed


@pytest.mark.parametrize(
    ("stale_before", "stale"), [(None, False), (START - 1, False), (START, True), (START + 1, True)]
)
def test_a_score_is_stale_from_the_instant_at_which_its_newest_fact_is_old_enough(
    stale_before: int | None, stale: bool
) -> None:
    score = judge(case(*ENOUGH, stale_before=stale_before), Value(0.1), SPEC)
    assert score.stale is stale
    assert ("stale" in score.reasons) is stale


def test_a_silent_patients_score_is_indeterminate_beside_what_the_models_said() -> None:
    heard = judge(case(*ENOUGH, stale_before=START), Value(0.1), SPEC)
    silent = judge(case(*ENOUGH, stale_before=START + HOUR, silent_before=START), Value(0.1), SPEC)
    assert (silent.level, silent.index, silent.stale, silent.silent) == ("indeterminate", None, True, True)
    assert silent.predictions == heard.predictions
    assert silent.reasons[-2:] == ("stale", "silent")


def published(found: Case, outcome: Outcome | None, epoch: int = 7) -> list[Out]:
    return Publisher([SPEC]).records(found, judge(found, outcome, SPEC), 3, epoch)


def test_each_prediction_and_then_the_score_go_to_the_patients_partition_under_its_key() -> None:
    outs = published(case(*ENOUGH), Value(0.1))
    assert [(o.topic, o.partition, o.key) for o in outs] == [
        (topics.PREDICTIONS, 3, b"p1"),
        (topics.PREDICTIONS, 3, b"p1"),
        (topics.SCORES, 3, b"p1"),
    ]


def test_predictions_are_published_as_typed_records_with_model_version_and_ages() -> None:
    first = msgspec.json.decode(published(case(*ENOUGH), Value(0.1))[0].value or b"", type=Prediction)
    assert (first.model, first.version, first.value, first.as_of) == ("deterioration_gru", SPEC.version, 0.1, START)
    assert {used.code: used.newest_age_s for used in first.inputs}["8867-4"] == 0.0


def test_every_record_carries_the_owners_epoch() -> None:
    assert [dict(o.headers)["cs_epoch"] for o in published(case(*ENOUGH), Value(0.1), epoch=7)] == [b"7"] * 3


def test_a_score_carries_the_arrival_of_the_oldest_input_that_made_it_due() -> None:
    *predictions, score = published(case(*ENOUGH, received_at=START + 1234), Value(0.1))
    assert dict(score.headers)[RECEIVED_AT] == b"%d" % (START + 1234)
    assert not [o for o in predictions if RECEIVED_AT in dict(o.headers)]


def test_a_score_that_time_alone_made_due_carries_no_arrival() -> None:
    assert RECEIVED_AT not in dict(published(case(*ENOUGH), Value(0.1))[-1].headers)


def test_headers_and_value_of_a_score_say_the_same() -> None:
    out = published(case(*ENOUGH, stale_before=START), Value(0.1))[-1]
    head, summary = dict(out.headers), read(out.value or b"")
    assert head["ce_id"].decode() == summary.version_id
    assert head["cs_level"].decode() == summary.level
    assert int(head["cs_as_of"]) == summary.as_of == START
    assert float(head["cs_index"]) == summary.index
    assert summary.stale
    assert summary.patient_id == "p1"


def test_a_stale_score_is_another_version_and_the_same_resource() -> None:
    fresh, stale = (
        read(published(found, Value(0.1))[-1].value or b"")
        for found in (case(*ENOUGH), case(*ENOUGH, stale_before=START))
    )
    assert fresh.version_id != stale.version_id
    assert fresh.resource_id == stale.resource_id


def test_a_silent_score_is_published_without_an_index() -> None:
    out = published(case(*ENOUGH, stale_before=START, silent_before=START), Value(0.1))[-1]
    summary = read(out.value or b"")
    assert (dict(out.headers)["cs_level"], dict(out.headers)["cs_index"]) == (b"indeterminate", b"")
    assert (summary.level, summary.index, summary.stale, summary.silent) == ("indeterminate", None, True, True)
    assert [one.value for one in summary.models] == [0.1, 0.0]


def test_the_same_facts_under_another_epoch_are_the_same_version() -> None:
    first, second = (dict(published(case(*ENOUGH), Value(0.1), epoch=e)[-1].headers)["ce_id"] for e in (1, 2))
    assert first == second
