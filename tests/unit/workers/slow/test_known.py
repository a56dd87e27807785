"""Which versions have been heard of, so that overtaken ones cost nothing."""

from __future__ import annotations

from streams.records import ImagingStudyVersion, Overruling, Version
from streams.workers.slow.known import Known


def study(version: int, resource: str = "ImagingStudy/s1", source: str = "hospital") -> ImagingStudyVersion:
    return ImagingStudyVersion(source, resource, "p1", Version(version_id=version), withdrawn=False, received_at=0)


def test_a_version_is_overtaken_once_a_higher_one_has_been_heard_of() -> None:
    known = Known()
    assert not known.is_overtaken(study(1))
    known.hear(study(2))
    assert [known.is_overtaken(study(number)) for number in (1, 2, 3)] == [True, False, False]


def test_an_older_version_that_comes_late_changes_nothing() -> None:
    known = Known()
    known.hear(study(2))
    known.hear(study(1))
    assert known.is_overtaken(study(1))


def test_word_that_a_study_is_another_patients_overtakes_it() -> None:
    known = Known()
    known.hear(Overruling("hospital", "ImagingStudy/s1", Version(version_id=5), "", 0))
    assert known.is_overtaken(study(4))


def test_studies_of_different_sources_have_nothing_to_do_with_each_other() -> None:
    known = Known()
    known.hear(study(2))
    assert not known.is_overtaken(study(1, source="other"))
    assert not known.is_overtaken(study(1, resource="ImagingStudy/s2"))


def test_what_was_heard_of_longest_ago_is_forgotten() -> None:
    known = Known(most=2)
    for name in ("a", "b", "c"):
        known.hear(study(2, name))
    assert [known.is_overtaken(study(1, name)) for name in ("a", "b", "c")] == [False, True, True]
