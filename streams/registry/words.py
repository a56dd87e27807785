"""The comparison of two versions as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.table import Column, Table

from streams.registry.agreement import LEVELS, Agreement, AlertRate, Calibration
from streams.registry.pairs import Pairs


def table(
    found: Pairs, agreed: Agreement, rates: Mapping[str, AlertRate], calibrated: Mapping[str, Calibration]
) -> Table:
    """Return figure by version, and what is common to both."""
    grid = Table("figure", Column(found.live, justify="right"), Column(found.candidate, justify="right"))
    for name, live, candidate in (*_agreement(found, agreed), *_rates(found, rates), *_calibration(found, calibrated)):
        grid.add_row(name, live, candidate)
    return grid


Row = tuple[str, str, str]


def _agreement(found: Pairs, agreed: Agreement) -> Iterator[Row]:
    yield "pairs on the same facts", f"{agreed.pairs:,}", f"of {agreed.patients:,} patients"
    alone = [f"{found.alone.get(version, 0):,}" for version in (found.live, found.candidate)]
    yield "without a counterpart", alone[0], alone[1]
    yield "pairs of which one gave a value alone", "", f"{agreed.one_alone:,}"
    low, high = agreed.limits
    yield "mean difference (95 % limits of agreement)", "", f"{agreed.mean_difference:+.4f} ({low:+.4f} to {high:+.4f})"
    yield "weighted kappa of the levels", "", f"{agreed.kappa:.3f}"
    for k, level in enumerate(LEVELS):
        yield f"values at {level}", f"{sum(agreed.table[k]):,}", f"{sum(row[k] for row in agreed.table):,}"


def _rates(found: Pairs, rates: Mapping[str, AlertRate]) -> Iterator[Row]:
    live, candidate = rates[found.live], rates[found.candidate]
    yield f"share at {live.at} or above", f"{live.share:.1%}", f"{candidate.share:.1%}"
    yield "onsets, before any alert policy", f"{live.onsets:,}", f"{candidate.onsets:,}"
    yield "patients with one", f"{live.patients:,}", f"{candidate.patients:,}"
    yield "onsets per patient-day", f"{live.per_patient_day:.2f}", f"{candidate.per_patient_day:.2f}"


def _calibration(found: Pairs, calibrated: Mapping[str, Calibration]) -> Iterator[Row]:
    if not calibrated:
        return
    live, candidate = calibrated[found.live], calibrated[found.candidate]
    yield "patients with an outcome", f"{live.patients:,}", f"{candidate.patients:,}"
    yield "outcomes observed", f"{live.events:,}", f"{candidate.events:,}"
    yield "outcomes expected", f"{live.expected:.1f}", f"{candidate.expected:.1f}"
    yield "Brier score", f"{live.brier:.4f}", f"{candidate.brier:.4f}"
    yield "AUROC", f"{live.auroc:.3f}", f"{candidate.auroc:.3f}"
