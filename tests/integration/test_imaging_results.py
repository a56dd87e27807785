"""The whole way of a film, with a real broker, Triton, Redis and Orthanc: to the score, to a drawing, to the PACS."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import requests
from highdicom.sr import srread
from PIL import Image
from redis import Redis

from bench.films import film, uid
from bench.orthanc import Orthanc
from streams import topics
from streams.embedded.stack import Stack
from streams.publish import summary
from streams.publish.keys import latest
from tests.heart_model import write_heart
from tests.integration.radiology import QUICK, Radiology, study_event
from tests.unit.workers.fakes import MODEL_REPOSITORY, VITALS

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    made = Orthanc(tmp_path_factory.mktemp("orthanc"))
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def hospital(orthanc: Orthanc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radiology]:
    """Every worker, the network for vital signs, and a stand-in for the one that measures hearts."""
    folder = tmp_path_factory.mktemp("hospital")
    models = write_heart(folder / "models")
    (models / "deterioration_gru").symlink_to(MODEL_REPOSITORY / "deterioration_gru")
    pacs = orthanc.pacs(store_results=True).model_dump(mode="json", exclude_defaults=True)
    with Stack(
        folder / "run",
        workers=("normalise", "bedside", "cache", "imaging"),
        model_repository=models,
        settings_overrides={**QUICK, "pacs": [pacs]},
    ) as stack:
        found = Radiology(stack)
        yield found
        found.close()


def vital_signs(hospital: Radiology, patient: str = "p1", minute: int = 55) -> None:
    for code, value in VITALS.items():
        hospital.tell(
            {
                "resourceType": "Observation",
                "id": f"{patient}-{code}-{minute}",
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "subject": {"reference": f"Patient/{patient}"},
                "effectiveDateTime": f"2025-03-01T12:{minute:02}:00Z",
                "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": UNITS[code]},
            },
            topics.OBSERVATIONS,
        )


UNITS = {"8867-4": "/min", "8480-6": "mm[Hg]", "8462-4": "mm[Hg]", "9279-1": "/min", "2708-6": "%", "8310-5": "Cel"}


def score(hospital: Radiology, patient: str = "p1") -> summary.Summary | None:
    """The patient's latest score in Redis."""
    value = Redis.from_url(hospital.stack.settings.redis_url).hget(latest(patient), "json")
    return None if value is None else summary.read(value)  # type: ignore[arg-type]


def ratio(hospital: Radiology, patient: str = "p1") -> float | None:
    found = score(hospital, patient)
    return next((m.value for m in found.models if m.finding == "cardiothoracic-ratio"), None) if found else None


def test_a_film_becomes_a_ratio_in_the_patients_score_and_in_redis(orthanc: Orthanc, hospital: Radiology) -> None:
    vital_signs(hospital)
    hospital.wait_for(lambda: score(hospital))
    orthanc.store([film(uid("one"))])
    hospital.tell(study_event(uid("one"), "one"))
    assert hospital.wait_for(lambda: ratio(hospital)) == pytest.approx(0.40 / 0.72, abs=0.03)
    found = score(hospital)
    assert found is not None
    assert found.basis[0] == "ImagingStudy/one"


def instances(orthanc: Orthanc, study: str) -> list[Any]:
    """Everything the PACS has of a study."""
    ids = requests.post(
        f"{orthanc.root}/tools/find", json={"Level": "Instance", "Query": {"StudyInstanceUID": study}}, timeout=10
    ).json()
    files = [requests.get(f"{orthanc.root}/instances/{one}/file", timeout=10).content for one in ids]
    return [pydicom.dcmread(BytesIO(one)) for one in files]


def test_what_was_found_is_in_the_pacs_as_drawing_and_report_marked_and_once(
    orthanc: Orthanc, hospital: Radiology, tmp_path: Path
) -> None:
    study = uid("stored")
    orthanc.store([film(study)])
    hospital.tell(study_event(study, "stored"))
    [said] = hospital.said_of("stored")
    made = hospital.wait_for(lambda: (found := instances(orthanc, study)) and len(found) == 3 and found)
    by_modality = {one.Modality: one for one in made}
    drawing, report = by_modality["OT"], by_modality["SR"]
    for one in (drawing, report):
        assert one.SeriesDescription.startswith("AI-derived, for research only")
        assert (one.PatientID, one.StudyInstanceUID) == ("MRN-1", study)
    assert drawing.pixel_array.shape == (274, 256, 3)
    report.save_as(tmp_path / "report.dcm")
    [group] = srread(tmp_path / "report.dcm").content.get_image_measurement_groups()
    assert said.predictions[0].reading is not None
    assert group.get_measurements()[0].value == said.predictions[0].reading.measures[0].value
    hospital.tell(study_event(study, "stored", description="told again, as another version"))
    hospital.tell(study_event(study, "stored"))
    hospital.said_of("stored", 2)
    time.sleep(1)
    assert len(instances(orthanc, study)) == 3


def test_explain_prints_the_measure_and_draws_it_beside_the_original(
    orthanc: Orthanc, hospital: Radiology, tmp_path: Path
) -> None:
    vital_signs(hospital, "p2")
    orthanc.store([film(uid("drawn"))])
    hospital.tell(study_event(uid("drawn"), "drawn", subject={"reference": "Patient/p2"}))
    hospital.wait_for(lambda: ratio(hospital, "p2"))
    ended = subprocess.run(
        [sys.executable, "-m", "streams.cli", "explain", "p2", "--out", str(tmp_path)],
        env=_env(hospital),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "cardiothoracic-ratio 0.5" in ended.stdout
    [path] = tmp_path.glob("ImagingStudy-*.png")
    pixels = np.asarray(Image.open(path)).astype(int)
    assert pixels.shape == (256 + 18, 512, 3)
    colourful = np.ptp(pixels[:256], axis=2) > 30
    assert not colourful[:, :256].any()
    assert colourful[:, 256:].any()


def _env(hospital: Radiology) -> dict[str, str]:
    return {**os.environ, **hospital.stack.env}


def test_vital_signs_are_scored_while_studies_wait_for_a_pacs_that_is_away(
    orthanc: Orthanc, hospital: Radiology
) -> None:
    orthanc.kill()
    try:
        for number in range(30):
            hospital.tell(study_event(uid("away", number), f"away-{number}", subject={"reference": "Patient/p3"}))
        hospital.wait_for(hospital.retries)
        vital_signs(hospital, "p3", 57)
        hospital.wait_for(lambda: score(hospital, "p3"))
        assert ratio(hospital, "p3") is None
    finally:
        orthanc.start()


def test_verify_agrees_with_everything(hospital: Radiology) -> None:
    # Time passes in this ward: a tick may be acted on while it is looked at, and then it is looked at again.
    for _ in range(4):
        ended = subprocess.run(
            [sys.executable, "-m", "streams.cli", "verify"],
            env=_env(hospital), capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        if ended.returncode == 0:
            break
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "imaging studies" in ended.stdout
    assert "judged" in ended.stdout
