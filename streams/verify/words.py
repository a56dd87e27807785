"""The verification's report as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from streams.verify.audit import Report


def quantile(ordered: Sequence[int], share: float) -> int | None:
    """Return the value below which `share` of the ordered values lie; None where there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def table(report: Report) -> Table:
    """Return the counts as a table; everything that came in adds up to where it went."""
    made = Table(title="Where everything went", show_header=False)
    a = report.accounting
    rows: list[tuple[str, str]] = [
        ("messages read", f"{a.messages:,}"),
        ("observation versions", f"{a.versions:,}"),
        *((f"  {fate}", f"{count:,}") for fate, count in a.fates.items()),
        ("versions that came again", f"{a.repeated:,}"),
        ("patient and encounter versions", f"{a.patients_versions:,}"),
        ("changes told to every partition", f"{a.changes:,}"),
        *_counts("versions of imaging studies", report.studies),
        *_counts("versions of notes", report.notes),
        *_counts("skipped", a.skips),
        *_counts("dead letters", a.dead_letters),
        ("patients", f"{report.patients:,}"),
        ("scores published", f"{report.scores:,}"),
        ("alerts that stand", f"{report.alerts:,}"),
        ("largest difference from offline", f"{report.largest_difference:.1e}"),
        ("arrival to score p50 / p99", _latency(report)),
    ]
    for name, value in rows:
        made.add_row(name, value)
    return made


def _counts(title: str, counts: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(title, f"{sum(counts.values()):,}"), *((f"  {name}", f"{count:,}") for name, count in counts.items())]


def _latency(report: Report) -> str:
    half, most = quantile(report.latencies_ms, 0.5), quantile(report.latencies_ms, 0.99)
    return "no scores" if half is None else f"{half:,} ms / {most:,} ms"


def verdict(report: Report) -> str:
    """Say in one line whether everything agrees, and what does not."""
    if not report.findings:
        return "verified: nothing is missing, and every last score and standing alert is the one that its facts give"
    return "not verified: " + "; ".join(f"{finding.count:,} {finding.kind}" for finding in report.findings)
