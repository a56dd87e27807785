"""Stepping back counts for the session too where Linux shares time among sessions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.stepping_back import step_back

WORDS = "from pathlib import Path; from streams.stepping_back import step_back; import os, sys; "


def run_alone(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WORDS + script, *arguments],
        start_new_session=True, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_a_process_that_leads_a_session_steps_back_with_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "autogroup"
    assert (
        run_alone("print(step_back(3, Path(sys.argv[1])), os.nice(0))", str(file))
        == f"{os.nice(0) + 3} {os.nice(0) + 3}"
    )
    assert file.read_text() == str(os.nice(0) + 3)


def test_without_the_feature_niceness_remains(tmp_path: Path) -> None:
    assert run_alone("print(step_back(2, Path(sys.argv[1])))", str(tmp_path / "no" / "autogroup")) == str(
        os.nice(0) + 2
    )


def test_nothing_asked_for_changes_nothing_of_this_process(tmp_path: Path) -> None:
    before = os.nice(0)
    assert step_back(0, tmp_path / "autogroup") == before == os.nice(0)


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="a kernel without autogroups")
def test_the_kernel_takes_it() -> None:
    said = run_alone("step_back(5); print(Path('/proc/self/autogroup').read_text())")
    assert said.endswith(f"nice {os.nice(0) + 5}")
