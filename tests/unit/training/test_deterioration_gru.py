"""P12 rows become the facts that serving would have had, and networks read what they should."""

import os
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from streams.clock import MINUTE
from streams.inference.manifest import load
from streams.modalities.vitals.demographics import age_years
from streams.timeline.series import series_of
from streams.vocabulary import INDEX, QUANTITIES
from training.deterioration_gru.baselines import news2_points
from training.deterioration_gru.examples import View, everything, prepare_stay, random_view, snapshot_of, vitals_only
from training.deterioration_gru.network import Calibrated
from training.deterioration_gru.p12 import ADMISSION, Stay, mapping, read_stays
from training.deterioration_gru.spec import draft

SPEC = load(Path(__file__).parents[3] / "model_repo", "deterioration_gru")

ROWS = [
    (1, 0, "Age", 54.0),
    (1, 0, "Gender", 0.0),
    (1, 0, "Height", -1.0),
    (1, 0, "Weight", -1.0),
    (1, 0, "ICUType", 4.0),
    (1, 10, "HR", 80.0),
    (1, 10, "SysABP", 0.0),
    (1, 10, "NISysABP", 120.0),
    (1, 10, "FiO2", 0.4),
    (1, 20, "Temp", -17.8),
    (1, 20, "pH", 735.0),
    (1, 30, "Lactate", 2.0),
    (1, 40, "MechVent", 1.0),
    (1, 50, "HR", 90.0),
    (2, 0, "Age", 70.0),
    (2, 0, "Gender", -1.0),
    (2, 5, "HR", 60.0),
]


@pytest.fixture
def folder(tmp_path):
    pd.DataFrame(ROWS, columns=["record_id", "minute", "parameter", "value"]).to_parquet(tmp_path / "events.parquet")
    (tmp_path / "splits.csv").write_text(
        "RecordID,set,role,replay,has_timeseries,In-hospital_death\n1,a,train,0,1,1\n2,a,val,0,1,0\n3,a,val,0,0,0\n"
    )
    return tmp_path


def facts(series):
    codes = [QUANTITIES[row].code for row in series.quantity]
    minutes = ((series.effective_at - ADMISSION) // MINUTE).tolist()
    return list(zip(minutes, codes, series.value.tolist(), strict=True))


def test_impossible_values_and_unmapped_parameters_are_no_facts(folder):
    (stay,) = read_stays(folder, ("train",))
    assert facts(stay.series) == [
        (10, "8867-4", 80.0),
        (10, "8480-6", 120.0),
        (10, "3150-6", 40.0),
        (30, "2524-7", 2.0),
        (50, "8867-4", 90.0),
    ]
    assert (stay.record_id, stay.sex, stay.died) == (1, "female", True)


def test_age_in_whole_years_becomes_a_birth_date_half_a_year_earlier(folder):
    (stay,) = read_stays(folder, ("train",))
    assert age_years(stay.birth_date, ADMISSION) == pytest.approx(54.5, abs=0.01)


def test_unknown_sex_and_a_stay_without_events(folder):
    stays = read_stays(folder, ("val",))
    assert [(s.record_id, s.sex, len(s.series.value), s.birth_date == "") for s in stays] == [
        (2, "", 1, False),
        (3, "", 0, True),
    ]


def test_all_roles_are_read_where_none_is_named(folder):
    assert [s.role for s in read_stays(folder)] == ["train", "val", "val"]


def test_every_mapped_code_is_in_the_vocabulary_and_both_pressures_are_one():
    table = mapping()
    assert all(code in INDEX for code, _ in table.values())
    assert table["SysABP"] == table["NISysABP"] == ("8480-6", 1.0)
    assert table["FiO2"] == ("3150-6", 100.0)
    assert not {"MechVent", "ICUType", "Age", "Gender"} & table.keys()


@pytest.mark.realdata
def test_every_parameter_of_the_data_is_mapped_or_said_to_be_unused():
    table = tomllib.loads((Path(__file__).parents[3] / "training/deterioration_gru/p12.toml").read_text("utf-8"))
    named = {row["parameter"] for row in table["map"] + table["unused"]}
    events = pd.read_parquet(Path(os.environ["CARDIOSTREAM_DATA"]) / "p12/events.parquet", columns=["parameter"])
    assert set(events["parameter"].unique()) == named


def test_a_view_ends_at_its_minute_and_as_of_is_the_newest_fact(folder):
    (stay,) = read_stays(folder, ("train",))
    snapshot = snapshot_of(stay, View(45, everything()))
    assert snapshot.as_of == ADMISSION + 30 * MINUTE
    assert len(snapshot.series.value) == 4


def test_vital_signs_only_hides_every_laboratory_value(folder):
    (stay,) = read_stays(folder, ("train",))
    snapshot = snapshot_of(stay, View(2880, vitals_only(SPEC)))
    assert {QUANTITIES[row].kind for row in snapshot.series.quantity} == {"vital", "oxygen"}


def test_a_view_without_facts_is_still_an_input(folder):
    stay = read_stays(folder, ("val",))[1]
    assert prepare_stay(stay, View(60, everything()), SPEC).reasons[-1] == "too-few"


def test_required_inputs_are_never_hidden_from_training():
    random = np.random.default_rng(0)
    views = [random_view(SPEC, random) for _ in range(300)]
    required = [INDEX[i.code] for i in SPEC.inputs if i.required]
    assert all(view.visible[required].all() for view in views)
    assert {view.minute == 2880 for view in views} == {True, False}
    assert min(view.minute for view in views) >= 60


def test_the_draft_learns_its_normalisation_and_adds_urine_up_by_the_hour():
    rows = [(ADMISSION + k * 20 * MINUTE, INDEX[i.code], 60.0 + 30 * k) for i in SPEC.inputs for k in range(4)]
    stay = Stay(1, "train", series_of(rows), "1950-01-01", "male", True)
    spec = draft([stay], seed=0)
    by_code = {i.code: i for i in spec.inputs}
    assert (by_code["8867-4"].mean, by_code["8867-4"].std) == (105.0, pytest.approx(33.54102))
    hours = np.log1p([60 + 90 + 120, 150])
    assert by_code["9187-6"].mean == pytest.approx(hours.mean(), abs=1e-5)
    assert (spec.training.stays, spec.training.deaths) == (1, 1)


def test_the_network_is_blind_to_the_timing_of_what_is_declared_so(network):
    values, statics = torch.randn(1, 48, len(SPEC.inputs)), torch.zeros(1, 4)
    dense = torch.zeros_like(values)
    changed = dense.clone()
    blind = [k for k, i in enumerate(SPEC.inputs) if not i.timing]
    changed[:, :, blind] = 5.0
    assert blind
    assert torch.equal(network(values, dense, statics), network(values, changed, statics))
    changed[:, :, 0] = 5.0
    assert not torch.equal(network(values, dense, statics), network(values, changed, statics))


def test_calibration_is_inside_the_network(network):
    batch = torch.randn(2, 48, len(SPEC.inputs)), torch.zeros(2, 48, len(SPEC.inputs)), torch.zeros(2, 4)
    assert torch.allclose(Calibrated(network, 2.0, -1.0)(*batch), torch.sigmoid(2.0 * network(*batch) - 1.0))


def test_news2_of_what_was_charted(folder):
    (stay,) = read_stays(folder, ("train",))
    assert news2_points(snapshot_of(stay, View(2880, everything()))) == 2.0  # oxygen 2, the rest normal
