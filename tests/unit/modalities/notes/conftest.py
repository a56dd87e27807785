"""One manifest for all tests of notes."""

import pytest

from tests.unit.modalities.notes.manifests import reader


@pytest.fixture(scope="session")
def spec(tmp_path_factory):
    return reader(tmp_path_factory.mktemp("notes"))
