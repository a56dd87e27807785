"""What is remembered of one patient."""

from streams.clock import HOUR, MINUTE
from streams.records import Measure, ObservationVersion, PatientVersion, Version
from streams.timeline.retention import Retention
from streams.timeline.slot import SLOT
from streams.timeline.snapshot import snapshot
from streams.timeline.timeline import Timeline

RETENTION = Retention(quick_ms=72 * HOUR, slow_ms=14 * 24 * HOUR)
HEART_RATE, POTASSIUM = "8867-4", "2823-3"
DAY_1 = 1_700_000_000_000 // HOUR * HOUR


def observation(
    resource_id: str,
    value: float | None,
    *,
    at: int | None = DAY_1,
    version: int = 1,
    rank: int = 2,
    code: str = HEART_RATE,
    withdrawn: bool = False,
) -> ObservationVersion:
    measures = () if value is None else (Measure(code, code, float(value)),)
    return ObservationVersion(
        source="hospital",
        resource_id=resource_id,
        patient_id="p1",
        version=Version(0, version, rank, b"%s" % str(value).encode()),
        withdrawn=withdrawn,
        received_at=0,
        effective_at=at,
        encounter_id="e1",
        measures=measures,
    )


def timeline(*events: ObservationVersion | PatientVersion) -> Timeline:
    made = Timeline(RETENTION)
    for event in events:
        made.apply(event)
    return made


def values(made: Timeline) -> list[float]:
    found = snapshot("p1", [made])
    return [] if found is None else found.series.value.tolist()


def test_a_fact_is_added_and_the_score_is_as_of_its_clinical_time() -> None:
    found = snapshot("p1", [timeline(observation("a", 80), observation("b", 90, at=DAY_1 - MINUTE))])
    assert found is not None
    assert found.as_of == DAY_1
    assert found.series.value.tolist() == [90, 80]
    assert found.basis == ("a", "b")
    assert (found.basis_count, found.encounter_id, found.corrected) == (2, "e1", False)


def test_a_higher_version_replaces_and_a_lower_one_that_comes_later_does_not() -> None:
    assert timeline(observation("a", 80)).apply(observation("a", 85, version=2)) == "replaced"
    assert timeline(observation("a", 85, version=2)).apply(observation("a", 80)) == "older"
    for events in (
        (observation("a", 80), observation("a", 85, version=2)),
        (observation("a", 85, version=2), observation("a", 80)),
    ):
        made = timeline(*events)
        assert values(made) == [85]
        found = snapshot("p1", [made])
        assert found is not None
        assert found.corrected


def test_the_same_version_again_changes_nothing() -> None:
    made = timeline(observation("a", 80))
    made.touched.clear()
    assert made.apply(observation("a", 80)) == "repeated"
    assert made.touched == {}


def test_a_withdrawn_fact_is_gone_and_remembered() -> None:
    made = timeline(observation("a", 80), observation("b", 90))
    assert made.apply(observation("a", None, version=2, withdrawn=True)) == "withdrawn"
    assert values(made) == [90]
    assert made.apply(observation("a", 80)) == "older"
    assert values(made) == [90]


def test_a_withdrawal_that_comes_before_its_fact_is_remembered() -> None:
    made = timeline(observation("a", None, at=None, rank=4, withdrawn=True))
    assert made.apply(observation("a", 80)) == "older"
    assert values(made) == []


def test_when_all_is_withdrawn_the_score_is_taken_back_as_of_the_horizon() -> None:
    made = timeline(observation("a", 80), observation("a", None, version=2, withdrawn=True))
    found = snapshot("p1", [made])
    assert found is not None
    assert (found.as_of, found.series.value.tolist(), found.corrected) == (DAY_1, [], True)


def test_a_correction_of_the_clinical_time_moves_the_fact_to_its_new_hour() -> None:
    made = timeline(observation("a", 80), observation("a", 80, at=DAY_1 - 5 * HOUR, version=2))
    found = snapshot("p1", [made])
    assert found is not None
    assert found.as_of == DAY_1 - 5 * HOUR
    assert made.pieces() == [(DAY_1 - 5 * HOUR) // SLOT]


def test_the_horizon_never_goes_back() -> None:
    made = timeline(observation("a", 80), observation("a", 80, at=DAY_1 - 5 * HOUR, version=2))
    assert made.horizon == DAY_1


def test_a_vital_sign_older_than_its_retention_is_refused_and_one_within_is_taken() -> None:
    made = timeline(observation("a", 80))
    assert made.apply(observation("b", 70, at=DAY_1 - 72 * HOUR - 1)) == "beyond-retention"
    assert made.apply(observation("c", 75, at=DAY_1 - 72 * HOUR)) == "added"
    assert values(made) == [75, 80]


def test_laboratory_values_are_remembered_for_longer() -> None:
    made = timeline(observation("a", 80))
    assert made.apply(observation("k", 4.1, at=DAY_1 - 13 * 24 * HOUR, code=POTASSIUM)) == "added"


def test_facts_age_out_as_the_horizon_moves_on() -> None:
    made = timeline(observation("a", 80), observation("k", 4.1, code=POTASSIUM))
    made.apply(observation("b", 90, at=DAY_1 + 100 * HOUR))
    assert values(made) == [4.1, 90]
    assert made.touched[DAY_1 // SLOT]


def test_an_implausible_value_is_a_fact_but_no_model_sees_it() -> None:
    made = timeline(observation("a", 80), observation("b", 900, at=DAY_1 + MINUTE))
    found = snapshot("p1", [made])
    assert found is not None
    assert (found.as_of, found.series.value.tolist(), found.basis_count) == (DAY_1, [80], 1)
    assert made.get(("hospital", "b")) is not None


def test_the_same_id_from_another_source_is_another_fact() -> None:
    made = timeline(observation("a", 80))
    other = observation("a", 81)
    made.apply(ObservationVersion(**{f: getattr(other, f) for f in other.__struct_fields__} | {"source": "monitor"}))
    assert values(made) == [80, 81]


def patient(version: int, birth_date: str = "", sex: str = "") -> PatientVersion:
    return PatientVersion("hospital", "p1", "p1", Version(0, version, 2, b""), False, 0, birth_date, sex)


def test_demographics_come_from_the_highest_version_that_says_them() -> None:
    made = timeline(observation("a", 80), patient(2, sex="female"), patient(1, "1950-03-01", "male"))
    found = snapshot("p1", [made])
    assert found is not None
    assert (found.birth_date, found.sex) == ("", "female")


def test_demographics_alone_make_no_score() -> None:
    assert snapshot("p1", [timeline(patient(1, "1950-03-01"))]) is None


def test_a_fact_that_moves_is_written_where_it_goes_before_where_it_leaves() -> None:
    for back in (-5 * HOUR, 5 * HOUR):
        made = timeline(observation("a", 80), observation("b", 90))
        made.touched.clear()
        made.apply(observation("a", 80, at=DAY_1 + back, version=2))
        assert made.in_writing_order() == [(DAY_1 + back) // SLOT, DAY_1 // SLOT]
