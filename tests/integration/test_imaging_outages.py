"""Nothing is lost and nobody waits for another: a PACS that dies, one that is slow, a worker that is killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.films import film, uid
from bench.imaging_models import write_repository
from bench.orthanc import Orthanc
from streams.settings import Pacs
from tests.integration.odd_pacs import running
from tests.integration.radiology import Radiology, opened, study_event

pytestmark = [pytest.mark.orthanc, pytest.mark.kafka]
FILMS = 40


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    made = Orthanc(tmp_path / "orthanc")
    made.start()
    yield made
    made.kill()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return write_repository(tmp_path / "models")


def stored(orthanc: Orthanc, count: int = FILMS) -> dict[str, str]:
    """So many films in the PACS: FHIR id to Study Instance UID."""
    studies = {f"f{number}": uid("film", number) for number in range(count)}
    orthanc.store(film(study) for study in studies.values())
    return studies


def tell(radiology: Radiology, studies: dict[str, str]) -> None:
    for number, (name, study) in enumerate(studies.items()):
        radiology.tell(study_event(study, name, subject={"reference": f"Patient/p{number % 7}"}))


def all_judged(radiology: Radiology, studies: dict[str, str]) -> bool:
    """Whether every study has a prediction that is one."""
    judged = {one.resource_id for one in radiology.said() if [p.status for p in one.predictions] == ["ok"]}
    return {f"ImagingStudy/{name}" for name in studies} <= judged


def test_a_pacs_killed_in_the_middle_delays_and_loses_nothing(orthanc: Orthanc, models: Path, tmp_path: Path) -> None:
    studies = stored(orthanc)
    with opened(tmp_path, models, (orthanc.pacs(),), "kafka", imaging_studies_at_once=2) as radiology:
        tell(radiology, studies)
        radiology.wait_for(lambda: len(radiology.said()) >= 5)
        orthanc.kill()
        radiology.wait_for(radiology.retries)
        orthanc.start()
        radiology.wait_for(lambda: all_judged(radiology, studies), 120)
        assert radiology.letters() == []
        assert {one.reason.split(":")[0] for one in radiology.retries()} == {"pacs-away"}


def test_a_worker_killed_in_the_middle_loses_nothing(orthanc: Orthanc, models: Path, tmp_path: Path) -> None:
    studies = stored(orthanc)
    with opened(tmp_path, models, (orthanc.pacs(),), "kafka", imaging_studies_at_once=2) as radiology:
        tell(radiology, studies)
        for wanted in (3, 12):
            radiology.wait_for(lambda wanted=wanted: len(radiology.said()) >= wanted)
            radiology.stack.workers["imaging"].kill()
            radiology.stack.workers["imaging"].start()
            radiology.stack.workers["imaging"].wait_ready()
        radiology.wait_for(lambda: all_judged(radiology, studies), 120)
        assert radiology.letters() == []


def test_triton_away_delays_and_loses_nothing(orthanc: Orthanc, models: Path, tmp_path: Path) -> None:
    studies = stored(orthanc, 6)
    with opened(tmp_path, models, (orthanc.pacs(),), "kafka") as radiology:
        radiology.stack.stop_triton()
        tell(radiology, studies)
        radiology.wait_for(lambda: len(radiology.retries()) >= len(studies))
        assert radiology.said() == []
        radiology.stack.start_triton()
        radiology.wait_for(lambda: all_judged(radiology, studies), 120)
        assert {one.reason.split(":")[0] for one in radiology.retries()} == {"model-away"}


def test_a_pacs_that_trickles_holds_up_no_other(orthanc: Orthanc, models: Path, tmp_path: Path) -> None:
    studies = stored(orthanc, 10)
    with running() as odd:
        slow = Pacs(name="slow", url=f"{odd.url}/trickle", endpoints=("slow",))
        settings = {"imaging_waiting": 40, "imaging_request_timeout_s": 20.0}
        with opened(tmp_path, models, (orthanc.pacs(), slow), "kafka", **settings) as radiology:
            for number in range(60):
                reference = [{"reference": "Endpoint/slow"}]
                radiology.tell(study_event(uid("slow", number), f"slow{number}", endpoint=reference))
            radiology.wait_for(lambda: len(odd.asked) >= 4)
            began = time.monotonic()
            tell(radiology, studies)
            radiology.wait_for(lambda: all_judged(radiology, studies), 20)
            assert time.monotonic() - began < 20, "they were judged only once the slow PACS was given up"
            # What is beyond its share of the memory waits on a topic.
            assert "busy" in {one.reason for one in radiology.retries()}
            assert not [one for one in radiology.said() if one.resource_id.startswith("ImagingStudy/slow")]


def test_the_change_feed_tells_of_studies_that_no_event_tells_of(
    orthanc: Orthanc, models: Path, tmp_path: Path
) -> None:
    followed = orthanc.pacs(changes_url=orthanc.root, patient_system="urn:hospital:mrn", zone="Europe/Zurich")
    first, second, third = (uid("feed", number) for number in range(3))
    orthanc.store([film(first)])
    with opened(tmp_path, models, (followed,), "kafka") as radiology:
        radiology.wait_for(lambda: [one for one in radiology.said() if one.study_uid == first])
        orthanc.kill()
        time.sleep(1.0)
        orthanc.start()
        orthanc.store([film(second)])
        radiology.wait_for(lambda: [one for one in radiology.said() if one.study_uid == second])
        radiology.stack.workers["imaging"].kill()
        orthanc.store([film(third)])
        radiology.stack.workers["imaging"].start()
        radiology.wait_for(lambda: [one for one in radiology.said() if one.study_uid == third])
        said = radiology.said()
        assert all(one.patient_id.startswith("idn:") for one in said)
        assert all([p.status for p in one.predictions] == ["ok"] for one in said)
        # The place in the feed was remembered: what had been told was not told again from the beginning.
        assert len([one for one in said if one.study_uid == first]) <= 2
