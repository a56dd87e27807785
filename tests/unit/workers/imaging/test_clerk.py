"""What goes out for a study, whatever becomes of it: predictions, a dead letter, never nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams import topics
from streams.errors import ContractError
from streams.records import Overruling, SeriesAnnounced, Version
from tests.unit.workers.imaging.office import FRONTAL, HOUR, NOW, SERIES, Office, letters, said, study


async def test_a_study_is_answered_by_every_model_that_takes_it(specs: Any) -> None:
    section = msgspec.structs.replace(FRONTAL, sop_uid="1.2.3.2.1", series_uid="1.2.3.2", modality="CT", view="")
    found = said(await Office(specs, FRONTAL, section).answer(study(instances=2)))
    assert [(one.model, one.status) for one in found.predictions] == [
        ("film_brightness", "ok"),
        ("section_brightness", "ok"),
    ]
    assert [one.basis.instance_uids for one in found.predictions if one.basis] == [("1.2.3.1.1",), ("1.2.3.2.1",)]
    assert (found.as_of, found.received_at, found.version, found.reasons) == (
        NOW - 2 * HOUR,
        NOW - 1000,
        study().version,
        (),
    )


async def test_a_study_without_its_time_is_as_of_its_last_change(specs: Any) -> None:
    found = said(await Office(specs, FRONTAL).answer(study(started_at=None)))
    assert found.as_of == NOW - HOUR


async def test_a_study_that_no_model_is_for_says_so_and_voids_what_was_said(specs: Any) -> None:
    lateral = msgspec.structs.replace(FRONTAL, view="LL")
    found = said(await Office(specs, lateral).answer(study()))
    assert (found.predictions, found.reasons) == ((), ("view", "modality"))


async def test_announced_modalities_that_no_model_is_for_spare_the_question(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    found = said(await office.answer(study(modalities=("MR", "US"))))
    assert (found.reasons, office.archive.asked) == (("modality",), [])


async def test_without_a_model_everything_is_skipped() -> None:
    found = said(await Office((), FRONTAL).answer(study()))
    assert found.reasons == ("no-model",)


async def test_the_body_part_of_the_record_counts_where_the_picture_says_none(specs: Any) -> None:
    nameless = msgspec.structs.replace(FRONTAL, body_part="")
    assert said(await Office(specs, nameless).answer(study())).reasons == ("body-part:unknown", "modality")
    told = study(series=(SeriesAnnounced(SERIES, "DX", 1, "51185008"),))
    assert [one.status for one in said(await Office(specs, nameless).answer(told)).predictions] == ["ok"]


async def test_what_the_file_itself_says_has_the_last_word(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.archive.files[FRONTAL.sop_uid] = msgspec.structs.replace(FRONTAL, view="LL")
    [one] = said(await office.answer(study())).predictions
    assert (one.status, one.reasons, one.reading) == ("indeterminate", ("view",), None)


async def test_a_film_that_says_no_age_is_judged_and_says_so_where_the_model_is_for_certain_ages(specs: Any) -> None:
    selection = msgspec.structs.replace(specs[0].selection, min_age_years=18.0)
    grown_ups = msgspec.structs.replace(specs[0], selection=selection)
    aged = msgspec.structs.replace(FRONTAL, age_years=54.0)
    found = {header: said(await Office((grown_ups,), header).answer(study())) for header in (FRONTAL, aged)}
    assert [(one.status, one.reasons, one.reading is None) for one in found[FRONTAL].predictions] == [
        ("ok", ("age:unknown",), False)
    ]
    assert [(one.status, one.reasons) for one in found[aged].predictions] == [("ok", ())]
    assert [one.reasons for one in said(await Office(specs[:1], FRONTAL).answer(study())).predictions] == [()]


async def test_another_instance_than_was_asked_for_is_refused(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.archive.files[FRONTAL.sop_uid] = msgspec.structs.replace(FRONTAL, study_uid="1.2.4")
    outs = await office.answer(study())
    assert [one.reason for one in letters(outs)] == ["other-instance"]
    assert said(outs).predictions[0].reasons == ("other-instance",)


async def test_a_damaged_picture_does_not_keep_back_the_other_model(specs: Any) -> None:
    section = msgspec.structs.replace(FRONTAL, sop_uid="1.2.3.2.1", series_uid="1.2.3.2", modality="CT", view="")
    office = Office(specs, FRONTAL, section)
    office.archive.undecodable.add(FRONTAL.sop_uid)
    outs = await office.answer(study(instances=2))
    assert [(one.status, one.reasons) for one in said(outs).predictions] == [
        ("indeterminate", ("undecodable",)),
        ("ok", ()),
    ]
    [letter] = letters(outs)
    assert (letter.reason, letter.topic, letter.partition, letter.offset) == (
        "undecodable",
        topics.EVENTS_IMAGING,
        3,
        7,
    )


async def test_a_withdrawn_study_says_so_and_asks_nobody(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    found = said(await office.answer(study(withdrawn=True)))
    assert (found.withdrawn, found.predictions, office.archive.asked) == (True, (), [])


async def test_word_to_all_partitions_is_handed_on(specs: Any) -> None:
    word = Overruling("hospital", "ImagingStudy/s1", Version(last_updated=NOW), "", NOW)
    [out] = await Office(specs, FRONTAL).answer(word)
    assert (out.topic, out.partition, out.key) == (topics.PREDICTIONS_IMAGING, 3, b"overruling")
    assert msgspec.json.decode(out.value or b"", type=Overruling) == word


async def test_the_same_version_told_again_is_answered_again(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    first, again = said(await office.answer(study())), said(await office.answer(study()))
    assert first == again


async def test_a_model_that_refuses_its_tensors_says_nothing_to_be_believed(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.triton.error = ContractError("shapes")
    [one] = said(await office.answer(study())).predictions
    assert (one.status, one.reasons) == ("indeterminate", ("contract",))


async def test_an_endpoint_off_the_list_is_refused_unasked(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    outs = await office.answer(study(endpoints=("http://evil.example/",)))
    assert [one.reason for one in letters(outs)] == ["endpoint-not-allowed"]
    assert office.archive.asked == []


async def test_a_study_with_too_many_instances_is_refused(specs: Any) -> None:
    headers = [msgspec.structs.replace(FRONTAL, sop_uid=f"1.2.3.1.{n}") for n in range(4)]
    outs = await Office(specs, *headers, imaging_most_instances=3).answer(study())
    assert [one.reason for one in letters(outs)] == ["too-many-instances"]


async def test_what_is_no_record_of_ours_stops_the_worker(specs: Any) -> None:
    with pytest.raises(ContractError):
        await Office(specs, FRONTAL).answer(b"{}")


async def test_every_byte_is_given_back(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.archive.undecodable.add(FRONTAL.sop_uid)
    await office.answer(study())
    lane, _ = office.lanes.of(())
    assert (lane.budget.held, lane.slots.waiting) == (0, 0)


async def test_a_defect_of_ours_costs_one_study_and_not_the_worker(specs: Any) -> None:
    office = Office(specs, FRONTAL)
    office.archive.error = KeyError("1.2.3 is what it stumbled over")
    outs = await office.answer(study())
    [letter] = letters(outs)
    assert (letter.reason, letter.received) == ("internal", "KeyError")
    assert said(outs).reasons == ("internal",)


async def test_without_a_pacs_in_the_settings_studies_are_skipped(specs: Any) -> None:
    assert said(await Office(specs, FRONTAL, pacs=()).answer(study())).reasons == ("no-pacs",)
