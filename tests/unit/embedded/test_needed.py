"""Which workers a site needs, so that `cardiostream up` starts no others."""

from __future__ import annotations

from pathlib import Path

from bench import notes_models
from bench.imaging_models import write_repository
from streams.embedded.worker import needed
from streams.settings import Settings, Source


def test_images_need_a_worker_where_a_model_is_for_them(tmp_path: Path) -> None:
    assert needed(Settings(model_repository=tmp_path)) == ("normalise", "bedside", "cache")
    with_images = Settings(model_repository=write_repository(tmp_path))
    assert needed(with_images) == ("normalise", "bedside", "cache", "imaging")


def test_notes_need_a_worker_where_a_model_is_for_them(tmp_path: Path) -> None:
    with_notes = Settings(model_repository=notes_models.write_repository(tmp_path))
    assert needed(with_notes) == ("normalise", "bedside", "cache", "notes")


def test_nothing_has_to_be_normalised_where_every_source_is_keyed_by_patient(tmp_path: Path) -> None:
    source = Source(name="monitors", topic="bus.vitals", keyed_by_patient=True)
    assert needed(Settings(model_repository=tmp_path, sources=(source,))) == ("bedside", "cache")
