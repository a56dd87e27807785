"""``cardiostream fusion``: shown, checked, fitted from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from streams.cli import build
from streams.errors import ContractError
from streams.fusion.rule import DEFAULT, DEFAULT_TEXT, load
from tests.unit.verify.test_outcomes import assessment

RUN = CliRunner()


@pytest.fixture(autouse=True)
def _default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARDIOSTREAM_FUSION_FILE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")


def test_show_names_every_modality_with_its_reason_and_the_version() -> None:
    printed = RUN.invoke(build("fusion"), ["fusion", "show"]).output
    for name in DEFAULT.order:
        assert f"{name}: " in printed
    assert DEFAULT.version in printed
    assert "expert priors, not fitted" in printed


def test_show_prints_the_file_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "site.toml"
    path.write_text(DEFAULT_TEXT.replace("weight = 0.8", "weight = 0.33"))
    monkeypatch.setenv("CARDIOSTREAM_FUSION_FILE", str(path))
    assert load(path).version in RUN.invoke(build("fusion"), ["fusion", "show"]).output


def test_check_says_valid_or_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(DEFAULT_TEXT)
    assert RUN.invoke(build("fusion"), ["fusion", "check", str(path)]).output.startswith(f"valid: {DEFAULT.version}")
    path.write_text(DEFAULT_TEXT.replace("high = 70.0", "high = 700.0"))
    found = RUN.invoke(build("fusion"), ["fusion", "check", str(path)])
    assert found.exit_code == 1
    assert isinstance(found.exception, ContractError)
    assert "line 30, levels.high" in str(found.exception)


def test_fit_writes_a_valid_file_with_intervals(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    labels, scores = tmp_path / "labels.csv", tmp_path / "scores.jsonl"
    lines, values = ["patient_id,outcome"], []
    for n in range(120):
        chance = float(random.uniform(0.02, 0.6))
        lines.append(f"p{n},{int(random.random() < chance)}")
        values.append(assessment(f"p{n}", chance, points=float(random.integers(0, 9))))
    labels.write_text("\n".join(lines))
    scores.write_bytes(b"\n".join(values))
    out = tmp_path / "fitted.toml"
    given = ["fusion", "fit", "--labels", str(labels), "--scores", str(scores), "--out", str(out)]
    found = RUN.invoke(build("fusion"), given)
    assert found.exit_code == 0, found.exception
    assert "too little of ecg, labs, notes, imaging: expert priors kept" in found.output
    assert "no score left out" in found.output
    fitted = load(out).file
    assert fitted.fitted.startswith("120 patients, ")
    assert fitted.modality.deterioration.interval is not None
    assert fitted.modality.ecg is not None
    assert fitted.modality.ecg.interval is None
