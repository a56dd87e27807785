"""Recorded feeds at full speed: every last score is the one that its facts give, and nothing is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance.conftest import Ward


def adds_up(ward: Ward) -> None:
    report = ward.eventually()
    assert report.findings == ()
    assert report.largest_difference <= 1e-5
    assert sum(report.accounting.fates.values()) == report.accounting.versions


@pytest.mark.kafka
def test_a_simulated_ward_on_apache_kafka(kafka_ward: Ward) -> None:
    kafka_ward.run("replay", str(kafka_ward.recorded(60, 24)), "--speed", "max")
    adds_up(kafka_ward)


@pytest.mark.embedded
def test_a_simulated_ward_on_the_wheels_broker(wheel_ward: Ward) -> None:
    wheel_ward.run("replay", str(wheel_ward.recorded(20, 8)), "--speed", "max")
    adds_up(wheel_ward)


@pytest.mark.kafka
@pytest.mark.realdata
def test_real_patients_of_the_emergency_department_and_intensive_care(kafka_ward: Ward) -> None:
    demo = Path(os.environ["CARDIOSTREAM_DATA"])
    kafka_ward.run(
        "replay",
        str(demo / "mimic-iv-fhir-demo/MimicPatient.ndjson.gz"),
        str(demo / "mimic-iv-fhir-demo/MimicObservationVitalSignsED.ndjson.gz"),
        str(demo / "mimic-iv-fhir-demo-icu-vitals/ObservationIcuVitals.ndjson.gz"),
        "--speed",
        "max",
    )
    adds_up(kafka_ward)
