"""The ward's films: who has one, what its ImagingStudy says, and what the PACS has of it."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
import pytest
from fhir.resources.R4B.imagingstudy import ImagingStudy

from streams.clock import HOUR, MINUTE
from streams.errors import RetryableError
from streams.gateways.dicomweb.client import PacsClient
from streams.gateways.dicomweb.hosts import Place
from streams.gateways.dicomweb.picture import fetch
from streams.records import ImageBasis
from streams.settings import Settings
from streams.simulate.chests import SIDE, blank, film
from streams.simulate.film_files import file_of
from streams.simulate.pacs import SimulatedPacs
from streams.simulate.studies import Filmed, filmed, study
from streams.simulate.ward import arrivals

START = 1_767_225_600_000


def test_a_quarter_of_the_patients_has_a_film_and_some_show_nobody() -> None:
    films = list(filmed(40, 1))
    assert [one.number for one in films] == list(range(1, 40, 4))
    assert [one.kind for one in films].count("blank") == 2
    assert films == list(filmed(40, 1))
    assert len({one.study_uid for one in (*films, *filmed(40, 2))}) == 20


def test_hearts_are_wide_and_narrow() -> None:
    ratios = [one.ratio for one in filmed(200, 1)]
    assert min(ratios) < 0.45
    assert max(ratios) > 0.6


def test_the_ward_tells_of_its_films_only_where_asked() -> None:
    told = [r for _, r in arrivals(8, 2.0, 1, START, films=True) if r["resourceType"] == "ImagingStudy"]
    assert sorted(one["subject"]["reference"] for one in told) == ["Patient/sim-0002", "Patient/sim-0006"]
    assert not [r for _, r in arrivals(8, 2.0, 1, START) if r["resourceType"] == "ImagingStudy"]


def test_an_imaging_study_is_valid_fhir_and_comes_minutes_after_its_film() -> None:
    one = Filmed(1, "2.25.7", "chest", 0.5, 2.0, 1)
    known, resource = study(one, "sim-0002", START)
    ImagingStudy.model_validate(resource)
    assert known == START + 2 * HOUR + 3 * MINUTE
    assert resource["identifier"][0]["value"] == "urn:oid:2.25.7"


def test_a_film_is_a_chest_film_that_names_nobody() -> None:
    found = pydicom.dcmread(BytesIO(file_of(Filmed(1, "2.25.7", "chest", 0.5, 2.0, 1))))
    assert (found.Modality, found.BodyPartExamined, found.ViewPosition) == ("DX", "CHEST", "PA")
    assert found.pixel_array.shape == (SIDE, SIDE)
    assert str(found.PatientName) == "Phantom^Simulated"


def test_lungs_are_darker_than_the_heart_and_a_wider_heart_covers_more() -> None:
    narrow, wide = (film(ratio, np.random.default_rng(0)).astype(float) for ratio in (0.4, 0.64))
    row = int(0.5 * SIDE)
    assert (
        narrow[row, int(0.2 * SIDE) : int(0.3 * SIDE)].mean() < narrow[row, int(0.48 * SIDE) : int(0.52 * SIDE)].mean()
    )
    assert wide[int(0.55 * SIDE)].mean() > narrow[int(0.55 * SIDE)].mean()
    assert np.ptp(blank(np.random.default_rng(0))[row]) < np.ptp(narrow[row])


async def test_our_client_gets_from_the_simulated_pacs_what_it_gets_from_a_real_one() -> None:
    one = Filmed(1, "2.25.7", "chest", 0.5, 2.0, 1)
    with SimulatedPacs([one]) as made:
        client = PacsClient(Place(made.pacs, made.pacs.url), at_once=1, timeout_s=20.0)
        try:
            [series] = await client.series(one.study_uid)
            [header] = await client.headers(one.study_uid, series.uid)
            assert (series.modality, series.instances, header.view, header.age_years) == ("DX", 1, "PA", 60.0)
            assert await client.series("2.25.8") == []
        finally:
            client.close()
        settings = Settings(pacs=(made.pacs,))
        basis = ImageBasis(one.series_uid, (one.sop_uid,), 0, SIDE, SIDE, "DX", "CHEST", "PA")
        image = await fetch(settings, one.study_uid, basis)
        assert image.values.shape == (SIDE, SIDE)
        with pytest.raises(RetryableError):
            await fetch(settings, "2.25.8", basis)
