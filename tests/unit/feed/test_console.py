"""A feed's summary in the terminal."""

from rich.console import Console

from streams.feed.console import table
from streams.feed.session import FeedSummary


def printed(summary: FeedSummary) -> str:
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(table(summary))
    return console.export_text()


def test_the_summary_tells_counts_span_offsets_and_what_was_not_sent() -> None:
    text = printed(FeedSummary(1000, 3, {"too-large": 2}, 0, 3_600_000, 2, 0, {0: 5, 1: 0}, {0: 905, 1: 100}, 0.5))
    for part in ("1,000 in 0.5 s (2,000/s)", "2 too-large", "1970-01-01T00:00:00Z to 1970-01-01T01:00:00Z", "0: 5-905"):
        assert part in text
    assert "given up" not in text


def test_ticks_that_were_given_up_are_told_with_what_to_look_at() -> None:
    assert "is its worker running?" in printed(FeedSummary(1, 1, {}, 0, 0, 0, 1, {0: 0}, {0: 1}, 0.0))
