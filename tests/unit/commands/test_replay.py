"""The options of ``cardiostream replay``."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streams.clock import WallClock
from streams.commands.replay import ending, register
from streams.errors import RejectedMessage


def test_the_time_line_ends_now_or_at_a_time_with_zone() -> None:
    assert ending("2026-01-01T13:00:00+01:00") == 1_767_268_800_000
    assert ending("now") <= WallClock().now()


@pytest.mark.parametrize("text", ["tomorrow", "2026-01-01T13:00:00", ""])
def test_another_end_is_refused(text: str) -> None:
    with pytest.raises(RejectedMessage, match="--end"):
        ending(text)


def test_bad_speeds_and_missing_files_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    file = tmp_path / "a.ndjson"
    file.write_text("")
    assert isinstance(CliRunner().invoke(app, [str(file), "--speed", "soon"]).exception, RejectedMessage)
    assert CliRunner().invoke(app, [str(tmp_path / "none.ndjson")]).exit_code == 2
