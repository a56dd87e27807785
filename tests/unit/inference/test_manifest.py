"""A model's folder is believed only as far as it keeps its contract."""

import hashlib
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from streams.errors import ContractError
from streams.inference.manifest import check_output, load
from streams.inference.repository import discover

REPOSITORY = Path(__file__).parents[3] / "model_repo"
NAME = "deterioration_gru"
SPEC = load(REPOSITORY, NAME)


@pytest.fixture
def repository(tmp_path):
    shutil.copytree(REPOSITORY / NAME, tmp_path / NAME)
    return tmp_path


def edit(repository, old, new):
    path = repository / NAME / "model.toml"
    text = path.read_text("utf-8")
    assert re.search(old, text)
    path.write_text(re.sub(old, new, text, count=1), "utf-8")


def test_a_folder_says_what_goes_in_and_what_comes_out():
    assert (SPEC.name, SPEC.kind, SPEC.modality) == (NAME, "gru", "vitals")
    assert SPEC.window.bins == 48
    assert SPEC.inputs[0].code == "8867-4"
    assert [t.name for t in SPEC.tensors] == ["values", "hours_since", "statics"]
    assert (SPEC.output.name, SPEC.output.low, SPEC.output.high) == ("risk", 0.0, 1.0)


def test_discovery_finds_every_folder_and_no_file(repository):
    (repository / "README.md").write_text("not a model")
    assert [spec.name for spec in discover(repository)] == [NAME]


def test_a_network_that_is_not_the_declared_one_is_refused(repository):
    network = repository / NAME / SPEC.onnx.file
    network.write_bytes(network.read_bytes() + b"\0")
    with pytest.raises(ContractError, match="SHA-256"):
        load(repository, NAME)


def test_a_missing_network_is_refused(repository):
    (repository / NAME / SPEC.onnx.file).unlink()
    with pytest.raises(ContractError, match="cannot be read"):
        load(repository, NAME)


def test_a_missing_manifest_is_refused(tmp_path):
    with pytest.raises(ContractError, match="cannot be read"):
        load(tmp_path, "nothing")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "gru"', 'kind = "oracle"', "cannot be read"),
        ('code = "8867-4"', 'code = "0000-0"', "vocabulary lacks"),
        (f'name = "{NAME}"', 'name = "another"', "must be the same"),
        ("at = 0.0", "at = 0.9", "levels start"),
        ("inside_graph = true", "inside_graph = false", "cannot be read"),
        ("slope = [0-9.]+", "slope = -1.0", "cannot be read"),
        ("bins = 48", "bins = 48\nbinz = 1", "cannot be read"),
        ("bins = 48", "bins = ", "cannot be read"),
    ],
)
def test_a_manifest_that_says_something_impossible_is_refused(repository, old, new, message):
    edit(repository, old, new)
    with pytest.raises(ContractError, match=message):
        load(repository, NAME)


def test_levels_start_at_their_probability():
    assert [SPEC.level(p) for p in (0.0, 0.0999, 0.1, 0.2, 0.4, 1.0)] == [
        "low",
        "low",
        "low-medium",
        "medium",
        "high",
        "high",
    ]


def test_a_good_answer_is_believed():
    answer = check_output(SPEC, {"risk": np.array([[0.0], [0.25], [1.0]], np.float32)}, 3)
    assert answer.ok.tolist() == [True, True, True]
    assert answer.values.tolist() == [0.0, 0.25, 1.0]
    assert answer.fault == ""


def test_a_bad_row_is_marked_and_spoils_no_other():
    rows = np.array([[0.5], [np.nan], [1.5], [-0.1], [np.inf], [0.25]], np.float32)
    answer = check_output(SPEC, {"risk": rows}, 6)
    assert answer.ok.tolist() == [True, False, False, False, False, True]
    assert answer.values[[0, 5]].tolist() == [0.5, 0.25]
    assert np.isnan(answer.values[1:5]).all()
    assert "4 of 6 rows" in answer.fault


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"other": np.zeros((2, 1), np.float32)},
        {"risk": np.zeros((2, 1), np.float64)},
        {"risk": np.zeros((1, 1), np.float32)},
        {"risk": np.zeros(2, np.float32)},
        {"risk": np.zeros((2, 2), np.float32)},
    ],
)
def test_a_wrong_name_shape_or_type_marks_every_row(outputs):
    answer = check_output(SPEC, outputs, 2)
    assert answer.ok.tolist() == [False, False]
    assert np.isnan(answer.values).all()
    assert answer.fault.startswith("risk: expected float32 (2, 1)")


def test_the_digest_is_of_the_bytes_served():
    written = (REPOSITORY / NAME / SPEC.onnx.file).read_bytes()
    assert SPEC.onnx.sha256 == hashlib.sha256(written).hexdigest()
