"""What is true of a note is told from its text by the rules that serve, and from what people filed it under."""

import json

import numpy as np
import pytest

from training.notes_bert.conditions import DOCUMENTED, HEADS
from training.notes_bert.notes import documented, folds_of, read_notes, specialties_of

ROWS = [
    {
        "key": "a1",
        "text": "Type 2 diabetes. No pneumonia.",
        "cvp": 0,
        "card_meta": 1,
        "split": "train",
        "specs": ["Surgery"],
    },
    {"key": "b2", "text": "Mother had dementia.", "cvp": 1, "card_meta": 0, "split": "valid", "specs": ["Neurology"]},
    {"key": "c3", "text": "Invasive ductal carcinoma of the left breast.", "cvp": 0, "card_meta": 0},
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "notes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return tmp_path


def test_labels_are_affirmed_and_the_patients_own(folder):
    notes = read_notes(folder, "all", specialties_of(folder))
    true = [{head for head, label in zip(HEADS, row, strict=True) if label} for row in notes.labels]
    assert true == [{"cardiac", "diabetes"}, {"cardiovascular"}, {"breast-cancer"}]
    assert notes.specialties.tolist() == [[0, 1], [1, 0], [0, 0]]


def test_roles_are_those_of_the_file_and_all_takes_every_note(folder):
    assert read_notes(folder, "train").keys == ("a1",)
    assert read_notes(folder, "val").keys == ("b2",)
    assert len(read_notes(folder, "all").keys) == 3
    with pytest.raises(SystemExit, match="--role all"):
        read_notes(folder, "test")


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("History of IDDM.", "diabetes"),
        ("DM type II, hypertension.", "diabetes"),
        ("She is a diabetic.", "diabetes"),
        ("Alzheimer's disease.", "dementia"),
        ("Demented, from a nursing home.", "dementia"),
        ("Bronchopneumonia on the left.", "pneumonia"),
        ("Status post lumpectomy for breast ca.", "breast-cancer"),
        ("Infiltrating ductal carcinoma.", "breast-cancer"),
    ],
)
def test_names_as_notes_write_them(text, head):
    names = {one.name: one.names for one in DOCUMENTED}
    assert [name for name in names if documented(text, names[name])] == [head]


def test_other_things_of_like_names_are_none():
    names = [name for one in DOCUMENTED for name in one.names]
    assert not documented("Diabetes insipidus. 5 dm. Breast tenderness. Breath sounds.", tuple(names))


def test_folds_are_of_the_keys_alone(folder):
    notes = read_notes(folder, "all")
    assert folds_of(notes).tolist() == folds_of(notes.part(np.array([True, True, True]))).tolist()
    assert set(folds_of(notes)) <= set(range(5))
