"""What ``explain`` prints of a study, and where it draws it."""

from __future__ import annotations

import msgspec

from streams.commands.explain import file_name, lines
from streams.records import Version
from tests.unit.workers.fakes import START
from tests.unit.workers.versions import film

FILM = film("1", "p1", START, Version(0, 1, 2), 0.6)


def test_a_measure_is_told_with_its_view_and_with_what_could_not_be_checked() -> None:
    measured = ["chest_heart_unet 1: cardiothoracic-ratio 0.600, usual up to 0.5", "chest_heart_unet 1: view PA"]
    assert lines(FILM) == measured
    unsure = msgspec.structs.replace(FILM.predictions[0], reasons=("age:unknown",))
    said = msgspec.structs.replace(FILM, predictions=(unsure,))
    assert lines(said) == [*measured, "chest_heart_unet 1: not known: age:unknown"]


def test_the_drawings_of_two_sources_with_one_id_are_two_files() -> None:
    other = msgspec.structs.replace(FILM, source="clinic/x")
    names = [file_name(study, FILM.predictions[0].reading) for study in (FILM, other)]
    assert names == ["ImagingStudy-1-hospital-chest_heart_unet.png", "ImagingStudy-1-clinic-x-chest_heart_unet.png"]
