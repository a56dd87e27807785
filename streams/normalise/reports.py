"""A DiagnosticReport to its event: the findings that it tells in words."""

from __future__ import annotations

from streams.normalise import notes
from streams.normalise.attachments import best, inline
from streams.normalise.note_shapes import DiagnosticReport
from streams.normalise.outcome import Found, Scope
from streams.normalise.references import encounter_id
from streams.records import Attachment


def read(report: DiagnosticReport, scope: Scope) -> Found:
    """Read a DiagnosticReport (R4, R5); `notes.read` says what may be raised."""
    return notes.read(
        notes.Told(
            kind="DiagnosticReport",
            id=report.id,
            meta=report.meta,
            status=report.status or "",
            subject=report.subject,
            contained=report.contained,
            written=report.issued or _effective(report),
            type=report.code,
            encounter_id=encounter_id(report.encounter, scope.local),
            attachment=lambda: _text(report, scope),
        ),
        scope,
    )


def _effective(report: DiagnosticReport) -> str | None:
    period = report.effective_period
    return report.effective_date_time or (period.end or period.start if period is not None else None)


def _text(report: DiagnosticReport, scope: Scope) -> Attachment | None:
    """Return the report as issued, else its conclusion alone."""
    form = best(report.presented_form or (), scope, "DiagnosticReport.presentedForm")
    return form or inline(report.conclusion or "", "text/plain; charset=utf-8", "DiagnosticReport.conclusion")
