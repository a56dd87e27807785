from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams import topics
from streams.records import DeadLetter, ImagingStudyVersion, Overruling, StudyPredictions, StudyRetry, Version
from streams.settings import Settings
from streams.verify import audit as audited
from streams.verify.audit import audit
from streams.verify.expectation import Expectation
from streams.verify.settled import judges_images
from streams.verify.studies import StudyCount
from tests.imaging_models import write_repository
from tests.unit.verify.test_audit import SETTINGS
from tests.unit.workers.fakes import MODEL_REPOSITORY, START, Broker, encode
from tests.unit.workers.hospital import film

V1, V2, VOID = Version(0, 1, 2), Version(0, 2, 3), Version(0, 3, 4)


def announced(name: str, patient_id: str, version: Version) -> ImagingStudyVersion:
    """The event that `film` of the same name is the answer to."""
    said = film(name, patient_id, START, version, 0.6)
    return ImagingStudyVersion("hospital", said.resource_id, patient_id, said.version, said.withdrawn, START)


def lost(*records: Any) -> int:
    count = StudyCount()
    for one in records:
        kinds = {ImagingStudyVersion: count.announce, StudyPredictions: count.hear, StudyRetry: count.wait}
        kinds.get(type(one), count.overrule)(one)
    return count.lost


def test_a_study_that_was_answered_or_waits_is_not_lost_and_any_other_is() -> None:
    event = announced("x", "p1", V1)
    assert lost(event) == 1
    assert lost(event, film("x", "p1", START, V1, 0.6)) == 0
    assert lost(event, StudyRetry(event, 1, START, "arriving")) == 0


def test_an_answer_to_an_older_version_does_not_do_for_the_newest() -> None:
    assert lost(announced("x", "p1", V1), announced("x", "p1", V2), film("x", "p1", START, V1, 0.6)) == 1


def test_a_version_that_was_overtaken_or_became_anothers_needs_no_answer() -> None:
    assert lost(announced("x", "p1", V1), announced("x", "p2", V2), film("x", "p2", START, V2, 0.6)) == 0
    gone = Overruling("hospital", "ImagingStudy/x", Version(START, 0, 4), "", START)
    assert lost(announced("x", "p1", V1), gone) == 0


def test_every_study_is_counted_by_what_became_of_it() -> None:
    expected = Expectation(Settings())
    for said in (
        film("judged", "p1", START, V1, 0.6),
        film("refused", "p1", START, V1, None),
        film("withdrawn", "p1", START, VOID, None),
        film("overtaken", "p1", START, V1, 0.6),
    ):
        expected.hear(said)
    expected.whole.apply(Overruling("hospital", "ImagingStudy/overtaken", V2, "p1", START))
    expected.studies.announce(announced("waits", "p2", V1))
    assert expected.accounting().studies == {
        "judged": 1, "not-judged-yet": 1, "overtaken": 1, "refused": 1, "withdrawn": 1,
    }  # fmt: skip


async def test_what_was_said_of_a_study_and_is_not_in_the_state_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    monkeypatch.setattr(audited, "reading", broker.reading)
    broker.append(topics.PREDICTIONS_IMAGING, 0, b"p1", encode(film("x", "p1", START, V1, 0.6)))
    found = [finding.kind for finding in (await audit(SETTINGS, with_view=False)).findings]
    assert found == ["inputs read: none at all", "state: patients with other demographics, stays or studies"]


async def test_a_dead_letter_of_a_study_is_no_letter_of_normalise(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    monkeypatch.setattr(audited, "reading", broker.reading)
    letter = DeadLetter("not-arrived", "study", "", "", "hospital", topics.EVENTS_IMAGING, 0, 0, -1, "", START, b"")
    broker.append(topics.DEAD_LETTERS, 0, b"hospital", msgspec.json.encode(letter))
    found = [finding.kind for finding in (await audit(SETTINGS, with_view=False)).findings]
    assert found == ["inputs read: none at all"]


def test_studies_are_waited_for_where_a_model_of_images_is_there(tmp_path: Path) -> None:
    (tmp_path / "deterioration_gru").symlink_to(MODEL_REPOSITORY / "deterioration_gru")
    assert not judges_images(Settings(model_repository=tmp_path))
    write_repository(tmp_path)
    assert judges_images(Settings(model_repository=tmp_path))
