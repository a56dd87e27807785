from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from streams.cli import build
from streams.commands.alerts import chosen, command, milliseconds, numbers, resources, table
from streams.errors import RejectedMessage
from streams.records import Alert
from streams.verify.alerts import last_words
from tests.unit.workers.fakes import Rec

AT = 1_700_000_040_000
ALERT = Alert("aa11", "p1", "high-risk", "raised", "high", "High risk", AT, AT, AT, "high", 81.5, "plain/0123abcd")


def rec(offset: int, epoch: int, alert: Alert) -> Rec:
    return Rec(offset, msgspec.json.encode(alert), b"p1", (("cs_epoch", b"%d" % epoch),))


def test_of_each_alert_the_word_of_the_highest_epoch_and_offset_stands() -> None:
    heard = msgspec.structs.replace(ALERT, state="acknowledged")
    found = last_words([rec(0, 1, ALERT), rec(1, 2, heard), rec(2, 1, ALERT)])
    assert found == {"aa11": heard}


def test_an_alert_is_chosen_by_the_beginning_of_its_id_among_those_that_stand() -> None:
    ended = msgspec.structs.replace(ALERT, alert_id="bb22", state="resolved")
    assert chosen([ended, ALERT], "p1", "aa") == ALERT
    for patient, named in (("p1", "bb"), ("p2", "aa")):
        with pytest.raises(RejectedMessage, match="none that stands"):
            chosen([ended, ALERT], patient, named)
    with pytest.raises(RejectedMessage):
        chosen([ALERT], "p1", "")
    with pytest.raises(RejectedMessage, match="names several"):
        chosen([ALERT, msgspec.structs.replace(ALERT, alert_id="aa12")], "p1", "aa1")


def test_a_command_speaks_of_the_alert_that_was_seen_and_never_of_a_time_before_it() -> None:
    word = command(ALERT, "snooze", "nurse-1", AT - 5, 60_000)
    assert (word.rule, word.alert_id, word.raised_at, word.at, word.until) == ("high-risk", "aa11", AT, AT, AT + 60_000)


def test_alerts_are_printed_as_flags_and_communications() -> None:
    kinds = [json.loads(line)["resourceType"] for line in resources([ALERT])]
    assert kinds == ["Flag", "Communication"]
    assert table([ALERT]).row_count == 1


def test_durations_and_thresholds_are_read_or_refused() -> None:
    assert milliseconds("30 min", "--for") == 1_800_000
    assert numbers("60, 40,60") == [40.0, 60.0]
    assert numbers("") == []
    for text in ("many", "101", "-1"):
        with pytest.raises(RejectedMessage):
            numbers(text)
    with pytest.raises(RejectedMessage):
        milliseconds("soon", "--for")


def test_a_policy_that_cannot_be_run_is_refused_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("name: site\nlook_back: 2 h\nrules: []\n")
    result = CliRunner().invoke(build("alerts"), ["alerts", "check", str(path)])
    assert result.exit_code == 1
    assert "line 3: rules: 1 to 20 rules" in str(result.exception)


def test_the_policy_that_is_shipped_and_those_of_the_docs_can_be_run() -> None:
    root = Path(__file__).parents[3]
    paths = [root / "streams/alerts/default.yaml", *sorted((root / "docs/alert-policies").glob("*.yaml"))]
    for path in paths:
        result = CliRunner().invoke(build("alerts"), ["alerts", "check", str(path)])
        assert result.exit_code == 0, result.output
    assert len(paths) == 4


def test_a_trial_prints_a_line_for_each_policy_and_threshold(tmp_path: Path) -> None:
    feed = tmp_path / "ward.ndjson.gz"
    run = CliRunner()
    made = run.invoke(build("simulate"), ["simulate", "--patients", "8", "--hours", "6", "--out", str(feed)])
    assert made.exit_code == 0, made.output
    found = run.invoke(
        build("alerts"),
        ["alerts", "simulate", "--feed", str(feed), "--no-model", "--thresholds", "40,80"],
        env={"COLUMNS": "240"},
    )
    assert found.exit_code == 0, found.output
    assert "cardiostream-default" in found.output
    assert "cardiostream-default-at-80" in found.output


def test_a_command_speaks_of_the_call_that_was_seen_where_the_clock_is_behind_it() -> None:
    again = msgspec.structs.replace(ALERT, changed_at=AT + 120_000, times_raised=2)
    assert command(again, "acknowledge", "nurse-1", AT + 60_000).at == AT + 120_000
    assert command(again, "acknowledge", "nurse-1", AT + 180_000).at == AT + 180_000
