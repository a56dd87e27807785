"""What the commands on models say."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from streams.cli import build
from streams.commands.models import in_words
from tests.conftest import MODEL_REPOSITORY


def test_modes_in_one_line_name_the_live_version_first() -> None:
    assert (
        in_words({"3": "shadow", "10": "silent", "4": "live", "2": "shadow"}) == "4 live, 2 shadow, 3 shadow, 10 silent"
    )
    assert in_words({}) == "none asked"


def test_a_model_that_keeps_everything_passes_and_its_checks_are_listed() -> None:
    result = CliRunner().invoke(build("models"), ["models", "check", str(MODEL_REPOSITORY / "deterioration_gru")])
    assert result.exit_code == 0, result.output
    assert "answers by onnxruntime" in result.output


def test_a_folder_without_a_model_fails_with_a_sentence(tmp_path: object) -> None:
    result = CliRunner().invoke(build("models"), ["models", "check", str(tmp_path)])
    assert result.exit_code == 1
    assert "cannot be read" in " ".join(result.output.split())


def test_a_card_is_printed() -> None:
    result = CliRunner().invoke(build("models"), ["models", "card", "deterioration_gru"])
    assert result.exit_code == 0
    assert "Not a medical device" in result.output


@pytest.mark.parametrize("command", ["promote", "shadow", "silence", "retire", "rollback"])
def test_no_switch_without_a_reason(command: str) -> None:
    result = CliRunner().invoke(
        build("models"), ["models", command, "deterioration_gru", "4"][: 3 + (command != "rollback")]
    )
    assert result.exit_code == 2
    assert "--why" in result.output
