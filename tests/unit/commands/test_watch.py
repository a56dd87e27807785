"""``cardiostream watch``: literal rows as the table that is shown."""

import pytest
from rich.console import Console

from streams.clock import DAY, HOUR, MINUTE, SECOND
from streams.commands.watch import STYLES, Row, age, moved_by, table, trend, value_in_words
from streams.publish.summary import ModelSummary
from streams.records import Contribution

NOW = 1_767_268_800_000
ILL = Row(
    "sim-0007",
    "high",
    81.4,
    NOW - 5 * MINUTE,
    ((NOW - 65 * MINUTE, 30.0), (NOW - 35 * MINUTE, 55.0), (NOW - 5 * MINUTE, 81.4)),
    (("deterioration_gru", "63.2 %"), ("news2", "9")),
    ("corrected",),
    "ICU 3",
)
UNKNOWN = Row("sim-0002", "indeterminate", None, NOW - 3 * HOUR, (), (), ("degraded", "news2:missing:9279-1"))


def printed(rows: list[Row], trouble: str = "", ward: str = "") -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(table(rows, NOW, trouble, ward))
    return console.export_text()


def test_a_row_tells_rank_level_in_words_index_trend_age_models_and_remarks() -> None:
    line = next(line for line in printed([ILL]).splitlines() if "sim-0007" in line)
    parts = ("1", " ICU 3 ", " high ", "81", "▃▅▇ ↑ +51", "5 min ago", "gru 63.2 %, NEWS2 9", "corrected")
    assert [part for part in parts if part not in line] == []


def test_on_a_narrow_terminal_a_patient_is_one_line_without_bed_trend_and_models() -> None:
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(table([ILL], NOW, narrow=True))
    [line] = [line for line in console.export_text().splitlines() if line.startswith("│")]
    assert line.replace("│", " ").split() == ["1", "sim-0007", "high", "81", "5", "min", "ago", "corrected"]


def test_who_cannot_be_judged_is_shown_with_the_reason_and_no_index() -> None:
    line = next(line for line in printed([ILL, UNKNOWN]).splitlines() if "sim-0002" in line)
    parts = ("2", "indeterminate", " - ", "3 h ago", "degraded, news2:missing:9279-1")
    assert [part for part in parts if part not in line] == []


def test_the_index_is_not_called_a_probability() -> None:
    assert "not a probability" in printed([])


def test_one_ward_is_named_above_its_rows_as_it_is_written() -> None:
    assert "ward [North] 2, highest first" in printed([ILL], ward="[North] 2")
    assert "ward" not in printed([ILL]).splitlines()[0]


def test_trouble_is_said_below_the_rows_that_may_be_old() -> None:
    assert "cannot read the view" in printed([ILL], "cannot read the view in Redis")


def test_every_level_has_a_style() -> None:
    assert set(STYLES) == {"low", "low-medium", "medium", "high", "indeterminate"}


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (0, "0 s ago"),
        (90 * SECOND, "90 s ago"),
        (2 * MINUTE, "2 min ago"),
        (119 * MINUTE, "119 min ago"),
        (2 * HOUR, "2 h ago"),
        (3 * DAY, "3 d ago"),
        (-SECOND, "ahead"),
    ],
)
def test_ages_are_counted_at_reading(passed: int, expected: str) -> None:
    assert age(NOW - passed, NOW) == expected


@pytest.mark.parametrize(
    ("indices", "expected"),
    [
        ([], ""),
        ([50.0], ""),
        ([None, 50.0], ""),
        ([50.0, 52.0], "▅▅ → +2"),
        ([100.0, 0.0], "█▁ ↓ -100"),
        ([float(x) for x in range(0, 100, 5)], "▁▂▃▄▅▆▇█ ↑ +95"),
    ],
)
def test_a_trend_is_drawn_from_the_last_hour(indices: list[float | None], expected: str) -> None:
    points = [(NOW - (len(indices) - place) * MINUTE, index) for place, index in enumerate(indices)]
    assert trend(points, NOW) == expected


def test_older_points_are_no_part_of_the_trend() -> None:
    assert trend([(NOW - 2 * HOUR, 0.0), (NOW, 50.0)], NOW) == ""


def test_values_are_said_in_their_own_unit_and_absence_by_its_kind() -> None:
    gru = ModelSummary("deterioration_gru", "1", "ok", 0.1234, "low", ())
    news2 = ModelSummary("news2", "2017", "ok", 7.0, "high", ())
    away = ModelSummary("deterioration_gru", "1", "unavailable", None, "indeterminate", ("breaker-open",))
    assert [value_in_words(one) for one in (gru, news2, away)] == ["12.3 %", "7", "unavailable"]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (ModelSummary("chest_heart_unet", "1", "ok", 0.584, "low-medium", (), "ImagingStudy/x", "ratio", "1"), "0.58"),
        (ModelSummary("chest_xray_cnn", "1", "ok", 0.81, "high", (), "ImagingStudy/x", "pneumonia"), "81.0 %"),
        (
            ModelSummary("chest_heart_unet", "1", "indeterminate", None, "indeterminate", (), "ImagingStudy/x"),
            "refused",
        ),
        (ModelSummary("news2", "2017", "ok", 4.0, "low", ()), "4"),
        (ModelSummary("news2", "2017", "indeterminate", None, "indeterminate", ()), "indeterminate"),
    ],
)
def test_a_measure_is_shown_as_it_is_and_a_refused_film_as_refused(model: ModelSummary, words: str) -> None:
    assert value_in_words(model) == words


def test_the_model_that_moved_the_index_most_is_named_with_its_way() -> None:
    news2 = Contribution("news2", "news2", "lowers", -0.4, "log-odds", "")
    gru = Contribution("deterioration", "deterioration_gru", "raises", 1.06, "log-odds", "")
    assert moved_by([news2, gru]) == "gru ↑ +1.1"
    assert moved_by([news2]) == "NEWS2 ↓ -0.4"
    assert moved_by([]) == moved_by([Contribution("news2", "news2", "neither", 0.0, "log-odds", "")]) == ""
