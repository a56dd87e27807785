from __future__ import annotations

from typing import Any

from streams.clock import DAY, HOUR
from streams.records import Prediction, Version
from streams.scoring.studies import counts, of_studies
from streams.timeline.series import Snapshot, series_of
from streams.timeline.studies import Found, HeldFinding, HeldStudy

AS_OF = 1_700_000_000_000


def heart(ratio: float | None = 0.6, *, view: str = "PA", reasons: tuple[str, ...] = ()) -> HeldFinding:
    found = () if ratio is None else (Found("cardiothoracic-ratio", "measure", ratio, "indeterminate", "1"),)
    return HeldFinding("chest_heart_unet", "1", "indeterminate" if ratio is None else "ok", reasons, view, found)


def lungs(probability: float = 0.9) -> HeldFinding:
    return HeldFinding("chest_xray_cnn", "1", "ok", (), "PA", (Found("pneumonia", "class", probability, "high", ""),))


def study(name: str, at: int, *findings: HeldFinding) -> HeldStudy:
    return HeldStudy("pacs", f"ImagingStudy/{name}", Version(0, 1), False, at, at, "", findings, None)


def snapshot(*studies: HeldStudy, born: str = "") -> Snapshot:
    return Snapshot("p", AS_OF, series_of([]), born, "", "", False, (), 0, studies=studies)


def told(*studies: HeldStudy) -> list[tuple[Any, ...]]:
    return [(p.model, p.status, p.value, p.level, p.reasons, p.study) for p in of_studies(snapshot(*studies))]


def test_without_a_study_nothing_is_said() -> None:
    assert told() == []


def test_a_fresh_ratio_is_told_with_its_study_and_its_time() -> None:
    [prediction] = of_studies(snapshot(study("x", AS_OF - HOUR, heart(0.6))))
    assert prediction == Prediction(
        "p", "chest_heart_unet", "1", AS_OF - HOUR, "ok", 0.6, "low-medium",
        study="ImagingStudy/x", finding="cardiothoracic-ratio", unit="1",
    )  # fmt: skip
    assert counts(prediction)


def test_a_usual_heart_raises_no_level() -> None:
    assert told(study("x", AS_OF, heart(0.549))) == [("chest_heart_unet", "ok", 0.549, "low", (), "ImagingStudy/x")]


def test_a_ratio_counts_for_a_week_either_way_and_is_then_indeterminate() -> None:
    for at, reasons in {
        AS_OF - 7 * DAY: (),
        AS_OF - 7 * DAY - 1: ("stale:study",),
        AS_OF + 7 * DAY: (),
        AS_OF + 7 * DAY + 1: ("ahead:study",),
    }.items():
        [prediction] = of_studies(snapshot(study("x", at, heart())))
        assert (prediction.reasons, prediction.value is None, counts(prediction)) == (
            reasons,
            bool(reasons),
            not reasons,
        )


def test_pneumonia_counts_for_three_days() -> None:
    assert [p.status for p in of_studies(snapshot(study("x", AS_OF - 3 * DAY, lungs())))] == ["ok"]
    assert [p.status for p in of_studies(snapshot(study("x", AS_OF - 3 * DAY - 1, lungs())))] == ["indeterminate"]


def test_a_refused_film_is_indeterminate_with_its_reason() -> None:
    assert told(study("x", AS_OF, heart(None, reasons=("implausible:heart/area",)))) == [
        ("chest_heart_unet", "indeterminate", None, "indeterminate", ("implausible:heart/area",), "ImagingStudy/x")
    ]


def test_of_several_studies_the_newest_counts() -> None:
    assert told(study("old", AS_OF - DAY, heart(0.7)), study("new", AS_OF, heart(0.5)))[0][-1] == "ImagingStudy/new"


def test_a_refused_film_does_not_take_the_place_of_one_that_was_measured() -> None:
    refused = heart(None, reasons=("implausible:heart/area",))
    assert told(study("old", AS_OF - DAY, heart(0.7)), study("new", AS_OF, refused))[0][-1] == "ImagingStudy/old"


def test_the_ratio_of_a_film_that_magnifies_the_heart_is_told_and_counts_for_nothing() -> None:
    for view, reason in {"AP": "view:AP", "": "view:unknown"}.items():
        [prediction] = of_studies(snapshot(study("x", AS_OF, heart(0.7, view=view))))
        assert (prediction.value, prediction.level, prediction.reasons) == (0.7, "indeterminate", (reason,))
        assert not counts(prediction)


def test_pneumonia_never_counts() -> None:
    [prediction] = of_studies(snapshot(study("x", AS_OF, lungs(1.0))))
    assert (prediction.value, prediction.level, counts(prediction)) == (1.0, "high", False)


def test_a_film_of_somebody_whose_age_nobody_knows_is_told_and_counts_for_nothing() -> None:
    [prediction] = of_studies(snapshot(study("x", AS_OF, heart(0.7, reasons=("age:unknown",)))))
    assert (prediction.status, prediction.value, prediction.level) == ("ok", 0.7, "indeterminate")
    assert prediction.reasons == ("age:unknown",)
    assert not counts(prediction)


def test_the_records_birth_date_tells_what_the_film_does_not() -> None:
    film = study("x", AS_OF, heart(0.7, reasons=("age:unknown",)))
    told = {born: of_studies(snapshot(film, born=born))[0] for born in ("1950-03-01", "2010-03-01", "2005")}
    assert {born: (one.reasons, counts(one)) for born, one in told.items()} == {
        "1950-03-01": ((), True),
        "2010-03-01": (("age",), False),
        "2005": (("age:unknown",), False),
    }


def test_a_child_by_the_record_is_no_adult_whatever_the_film_says() -> None:
    [prediction] = of_studies(snapshot(study("x", AS_OF, heart(0.7)), born="2010-03-01"))
    assert (prediction.value, prediction.reasons, counts(prediction)) == (0.7, ("age",), False)


def test_the_age_is_that_when_the_film_was_taken() -> None:
    # AS_OF is 14 November 2023.
    day_before, same_day = study("x", AS_OF - DAY, heart()), study("y", AS_OF, heart())
    assert [of_studies(snapshot(one, born="2005-11-14"))[0].reasons for one in (day_before, same_day)] == [
        ("age",),
        (),
    ]


def test_a_newer_film_of_unknown_age_takes_no_evidence_away() -> None:
    newer = heart(0.5, reasons=("age:unknown",))
    assert told(study("old", AS_OF - DAY, heart(0.7)), study("new", AS_OF, newer))[0][-1] == "ImagingStudy/old"


def test_what_another_model_could_not_check_is_told_with_its_finding() -> None:
    unsure = HeldFinding("chest_xray_cnn", "1", "ok", ("age:unknown",), "PA", lungs().found)
    assert [p.reasons for p in of_studies(snapshot(study("x", AS_OF, unsure)))] == [("age:unknown",)]
