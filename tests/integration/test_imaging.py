"""Studies from the hospital's topic to predictions, with a real broker, a real Triton and a real Orthanc."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.films import film, uid
from tests.imaging_models import write_repository
from tests.integration.orthanc import Orthanc
from tests.integration.radiology import Radiology, opened, study_event


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    made = Orthanc(tmp_path_factory.mktemp("orthanc"))
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def radiology(orthanc: Orthanc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radiology]:
    folder = tmp_path_factory.mktemp("radiology")
    pacs = orthanc.pacs(endpoints=("pacs",))
    with opened(folder, write_repository(folder / "models"), (pacs,)) as found:
        yield found


pytestmark = pytest.mark.orthanc


def test_a_film_of_the_pacs_becomes_a_prediction_with_its_basis(orthanc: Orthanc, radiology: Radiology) -> None:
    study = uid("one film")
    orthanc.store([film(study)])
    radiology.tell(study_event(study, "one"))
    [said] = radiology.said_of("one")
    [prediction] = said.predictions
    assert (said.patient_id, said.study_uid, said.withdrawn) == ("p1", study, False)
    assert (prediction.model, prediction.status) == ("film_brightness", "ok")
    assert prediction.basis is not None
    assert (prediction.basis.series_uid, prediction.basis.instance_uids) == (f"{study}.1", (f"{study}.1.1",))
    assert prediction.reading is not None
    assert 0.4 < prediction.reading.classes[0].probability < 0.6
    assert len(prediction.reading.heat[0].values) == 8
