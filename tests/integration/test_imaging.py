"""Studies from the hospital's topic to predictions, with a real broker, a real Triton and a real Orthanc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from bench.films import film, section, uid
from bench.imaging_models import write_repository
from bench.orthanc import Orthanc
from streams import topics
from streams.records import StudyPredictions
from tests.integration.radiology import Radiology, opened, study_event

pytestmark = pytest.mark.orthanc
MARK = "MARKED7f3a"


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    made = Orthanc(tmp_path_factory.mktemp("orthanc"))
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    made = Orthanc(tmp_path_factory.mktemp("secured"), users={"reader": "s3cret"})
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def radiology(orthanc: Orthanc, secured: Orthanc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radiology]:
    folder = tmp_path_factory.mktemp("radiology")
    (folder / "password").write_text("s3cret\n")
    pacs = (
        orthanc.pacs(endpoints=("pacs",)),
        secured.pacs(name="secured", endpoints=("secured",), user="reader", password_file=folder / "password"),
        secured.pacs(name="unnamed", endpoints=("unnamed",)),
    )
    models = write_repository(folder / "models")
    with opened(folder, models, pacs, "tansu", imaging_arrival_deadline_s=6.0, log_level="debug") as found:
        yield found


def endpoint(name: str) -> list[dict[str, str]]:
    return [{"reference": f"Endpoint/{name}"}]


def models_of(said: StudyPredictions) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.model, one.status, one.reasons) for one in said.predictions]


def test_a_film_of_the_pacs_becomes_a_prediction_with_its_basis(orthanc: Orthanc, radiology: Radiology) -> None:
    study = uid("one film")
    orthanc.store([film(study)])
    radiology.tell(study_event(study, "one"))
    [said] = radiology.said_of("one")
    [prediction] = said.predictions
    assert (said.patient_id, said.study_uid, said.withdrawn, said.reasons) == ("p1", study, False, ())
    assert (prediction.model, prediction.status) == ("film_brightness", "ok")
    assert prediction.basis is not None
    assert (prediction.basis.series_uid, prediction.basis.instance_uids) == (f"{study}.1", (f"{study}.1.1",))
    assert prediction.reading is not None
    assert 0.4 < prediction.reading.classes[0].probability < 0.6
    assert len(prediction.reading.heat[0].values) == 8


def test_of_a_ct_the_middle_section_is_judged_by_the_model_for_it(orthanc: Orthanc, radiology: Radiology) -> None:
    study = uid("ct")
    orthanc.store([section(study, number) for number in range(1, 12)])
    radiology.tell(study_event(study, "ct", numberOfInstances=11))
    [said] = radiology.said_of("ct")
    [prediction] = said.predictions
    assert prediction.basis is not None
    assert (prediction.model, prediction.basis.instance_uids) == ("section_brightness", (f"{study}.1.6",))


def test_a_study_that_no_model_is_for_says_why(orthanc: Orthanc, radiology: Radiology) -> None:
    for name, changes in {
        "hand": {"BodyPartExamined": "HAND"},
        "lateral": {"ViewPosition": "LL"},
        "nameless": {"ViewPosition": None},
        "breast": {"Modality": "MG"},
    }.items():
        orthanc.store([film(uid(name), **changes)])
        radiology.tell(study_event(uid(name), name))
    reasons = {name: radiology.said_of(name)[0].reasons for name in ("hand", "lateral", "nameless", "breast")}
    assert reasons == {
        "hand": ("body-part", "modality"),
        "lateral": ("view", "modality"),
        "nameless": ("view:unknown", "modality"),
        "breast": ("modality",),
    }
    assert all(not radiology.said_of(name)[0].predictions for name in reasons)


def test_a_study_that_still_arrives_is_waited_for(orthanc: Orthanc, radiology: Radiology) -> None:
    study = uid("arriving")
    orthanc.store([film(study)])
    radiology.tell(study_event(study, "arriving", numberOfInstances=2))
    radiology.wait_for(lambda: [one for one in radiology.retries() if one.study.study_uid == study and one.have == 1])
    orthanc.store([film(study, instance=2)])
    [said] = radiology.said_of("arriving")
    assert said.reasons == ()
    assert said.predictions[0].basis is not None
    assert said.predictions[0].basis.instance_uids == (f"{study}.1.2",)


def test_what_has_come_by_the_deadline_is_judged_as_incomplete(orthanc: Orthanc, radiology: Radiology) -> None:
    study = uid("incomplete")
    orthanc.store([film(study)])
    radiology.tell(study_event(study, "incomplete", numberOfInstances=5))
    [said] = radiology.said_of("incomplete")
    assert (said.reasons, models_of(said)) == (("incomplete",), [("film_brightness", "ok", ())])


def test_a_study_that_never_comes_is_a_dead_letter(radiology: Radiology) -> None:
    radiology.tell(study_event(uid("nowhere"), "nowhere"))
    [said] = radiology.said_of("nowhere")
    assert said.reasons == ("not-arrived",)
    [letter] = [one for one in radiology.letters() if one.reason == "not-arrived"]
    assert letter.topic in topics.IMAGING_RETRIES
    assert letter.payload is not None


def test_a_damaged_film_is_a_dead_letter_and_its_model_says_nothing(orthanc: Orthanc, radiology: Radiology) -> None:
    study = uid("damaged")
    orthanc.store([film(study, Rows=512)])
    radiology.tell(study_event(study, "damaged"))
    [said] = radiology.said_of("damaged")
    assert models_of(said) == [("film_brightness", "indeterminate", ("undecodable",))]
    assert [one.reason for one in radiology.letters() if one.reason == "undecodable"] == ["undecodable"]


def test_a_withdrawn_study_withdraws_what_was_said(orthanc: Orthanc, radiology: Radiology) -> None:
    study = uid("withdrawn")
    orthanc.store([film(study)])
    radiology.tell(study_event(study, "withdrawn"))
    radiology.said_of("withdrawn")
    radiology.tell(study_event(study, "withdrawn", status="entered-in-error"))
    first, last = sorted(radiology.said_of("withdrawn", 2), key=lambda said: said.version)
    assert (first.withdrawn, last.withdrawn, last.predictions) == (False, True, ())
    radiology.wait_for(
        lambda: len([o for o in radiology.overruled() if o.resource_id == "ImagingStudy/withdrawn"]) == 2
    )


def test_a_delete_in_a_bundle_reaches_every_partition(radiology: Radiology) -> None:
    entry = {"request": {"method": "DELETE", "url": "ImagingStudy/gone"}}
    radiology.tell({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    found = radiology.wait_for(lambda: [one for one in radiology.overruled() if one.resource_id == "ImagingStudy/gone"])
    assert {one.patient_id for one in found} == {""}


def test_a_pacs_that_asks_for_a_password_gets_it(secured: Orthanc, radiology: Radiology) -> None:
    study = uid("secured")
    secured.store([film(study)])
    radiology.tell(study_event(study, "secured", endpoint=endpoint("secured")))
    assert models_of(radiology.said_of("secured")[0]) == [("film_brightness", "ok", ())]


def test_without_the_password_a_study_waits_and_holds_up_no_other(orthanc: Orthanc, radiology: Radiology) -> None:
    for number in range(6):
        radiology.tell(study_event(uid("locked", number), f"locked{number}", endpoint=endpoint("unnamed")))
    study = uid("beside")
    orthanc.store([film(study)])
    radiology.tell(study_event(study, "beside"))
    assert models_of(radiology.said_of("beside")[0]) == [("film_brightness", "ok", ())]
    waits = [one for one in radiology.retries() if one.study.resource_id.startswith("ImagingStudy/locked")]
    assert {one.reason for one in waits} <= {"pacs-away:status-401", "pacs-away:breaker-open"}
    assert not [one for one in radiology.said() if one.resource_id.startswith("ImagingStudy/locked")]


def test_an_endpoint_off_the_list_is_refused_unasked(radiology: Radiology) -> None:
    evil = {"resourceType": "Endpoint", "id": "e", "address": "http://127.0.0.1:9/evil"}
    radiology.tell(study_event(uid("evil"), "evil", contained=[evil], endpoint=[{"reference": "#e"}]))
    assert radiology.said_of("evil")[0].reasons == ("endpoint-not-allowed",)


@pytest.mark.realdata
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI:UserWarning")
def test_the_public_files_come_through_a_pacs_as_they_are_or_are_refused(
    orthanc: Orthanc, radiology: Radiology
) -> None:
    paths = sorted((Path(os.environ["CARDIOSTREAM_DATA"]) / "dicom-fixtures").glob("*.dcm"))
    orthanc.store(path.read_bytes() for path in paths)
    studies = {}
    for path in paths:
        study = pydicom.dcmread(path, stop_before_pixels=True).StudyInstanceUID
        studies[path.stem.replace("_", "-")] = study
        radiology.tell(study_event(study, path.stem.replace("_", "-"), numberOfInstances=None))
    said = {name: radiology.said_of(name)[0] for name in studies if name != "bad-sequence"}
    judged = {name: [one.status for one in found.predictions] for name, found in said.items() if found.predictions}
    assert judged == {"RG1-J2KI": ["ok"], "RG1-J2KR": ["ok"]}
    assert all(found.reasons for name, found in said.items() if name not in judged)
    assert "study-uid" in {one.reason for one in radiology.letters()}


def test_nothing_that_names_a_person_or_a_study_is_logged(orthanc: Orthanc, radiology: Radiology) -> None:
    study = f"{uid('marked')}.4242424242"
    names = {"PatientName": f"{MARK}^Name", "PatientID": MARK, "AccessionNumber": MARK, "StudyDescription": MARK}
    orthanc.store([film(study, **names), film(study, series="2", Rows=512, **names)])
    subject = {"reference": f"Patient/{MARK}"}
    radiology.tell(study_event(study, f"{MARK}1", subject=subject, numberOfInstances=2))
    radiology.tell(study_event(study + ".1", f"{MARK}2", subject=subject))
    radiology.said_of(f"{MARK}1")
    radiology.said_of(f"{MARK}2")
    for worker in radiology.stack.workers.values():
        text = worker.log_path.read_text(errors="replace")
        assert MARK not in text
        assert "4242424242" not in text
