"""The fusion file: what it may hold, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.errors import ContractError
from streams.fusion.rule import DEFAULT, DEFAULT_TEXT, line_of, load, parse


def changed(old: str, new: str) -> str:
    assert old in DEFAULT_TEXT
    return DEFAULT_TEXT.replace(old, new, 1)


def test_the_default_is_valid_and_names_all_modalities() -> None:
    assert DEFAULT.counting == ("deterioration", "news2", "ecg", "labs", "notes", "imaging")
    assert load(None) is DEFAULT


def test_the_version_is_the_kind_and_a_digest_of_the_figures() -> None:
    assert DEFAULT.version.startswith("fusion-3-")
    assert parse(DEFAULT_TEXT, "x").version == DEFAULT.version
    assert parse(DEFAULT_TEXT + "\n# a remark\n", "x").version == DEFAULT.version
    assert parse(changed("prior = 0.14", "prior = 0.15"), "x").version != DEFAULT.version


def test_a_site_may_leave_slow_modalities_out() -> None:
    text = DEFAULT_TEXT[: DEFAULT_TEXT.index("[modality.ecg]")]
    assert parse(text, "site.toml").counting == ("deterioration", "news2")


def test_a_modality_of_no_weight_is_not_named_as_missing() -> None:
    text = changed("weight = 0.6\nhalf_life_h = 12.0", "weight = 0.0\nhalf_life_h = 12.0")
    assert "ecg" not in parse(text, "site.toml").counting


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("weight = 0.8", "weight = -1.0", r"line \d+, modality\.imaging\.weight: Expected `float` >= 0"),
        ("weight = 0.8", 'weight = "much"', r"modality\.imaging\.weight: Expected `float`, got `str`"),
        ("weight = 0.8\n", "weigth = 0.8\n", r"modality\.imaging: Object (missing required|contains unknown) field"),
        ("[modality.ecg]", "[modality.mri]", r"modality: Object contains unknown field `mri`"),
        ("medium = 50.0", "medium = 80.0", r"levels: expected low-medium < medium < high"),
        ("anchors = [[0.5, 0.0]", "anchors = [[0.6, 0.0]", r"modality\.imaging\.anchors: expected two or more pairs"),
        ("anchors = [[0.5,", "prior = 0.2\nanchors = [[0.5,", r"modality\.imaging\.prior: expected either"),
        ('finding = "cardiothoracic-ratio"', 'finding = "pneumonia"', r"modality\.imaging\.finding: expected 'cardio"),
        ('finding = "cardiovascular"', 'finding = "dementia"', r"modality\.notes\.finding: expected 'cardiovascular'"),
        ("half_life_h = 96.0\n", "", r"modality\.imaging\.half_life_h: expected hours"),
        ("prior = 0.14\n", "prior = 0.14\nhalf_life_h = 2.0\n", r"deterioration\.half_life_h: expected hours"),
        ("reaches = 45.0", "reaches = 60.0", r"modality\.notes\.reaches: expected an index below medium"),
        ("prior = 0.14\n", "prior = 0.14\nreaches = 40.0\n", r"modality\.deterioration\.reaches: expected on slow"),
        ('model = "labs_autoencoder"', 'model = "ecg_cnn"', r"modality: expected each model and finding under one"),
        ('model = "news2"', 'model = "some_score"', r"model: expected news2 as the model of"),
        ("format = 3", "format = 2", r"format: Invalid enum value 2"),
        ("format = 3", "format = ", r"expected TOML, received something else: Invalid value \(at line \d+"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_line_and_field(old: str, new: str, says: str) -> None:
    with pytest.raises(ContractError, match=says) as found:
        parse(changed(old, new), "site.toml")
    assert "fusion file site.toml" in str(found.value)
    assert "CARDIOSTREAM_FUSION_FILE" in str(found.value)


def test_the_line_is_that_of_the_field() -> None:
    text = "a = 1\n[t.u]\nb = 2\nc = 3\n[v]\nc = 4\n"
    assert [line_of(text, field) for field in ("a", "t.u", "t.u.c", "v.c", "t.u.x", "")] == [1, 2, 4, 6, 2, 1]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"fusion file none\.toml: cannot be read \(FileNotFoundError\)"):
        load(tmp_path / "none.toml")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(changed("weight = 0.8", "weight = 0.4"))
    assert load(path).file.modality.imaging is not None
    assert load(path).version != DEFAULT.version
