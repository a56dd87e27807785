"""The models that the clerk's tests ask."""

from __future__ import annotations

import pytest

from bench.imaging_models import write_repository
from streams.inference.imaging_manifest import ImagingManifest
from streams.inference.repository import discover_imaging


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImagingManifest, ...]:
    return discover_imaging(write_repository(tmp_path_factory.mktemp("models")))
