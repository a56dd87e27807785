"""Clinical time of an Observation."""

from __future__ import annotations

from streams.clock import Instant
from streams.errors import RejectedMessage
from streams.normalise.shapes import Observation
from streams.normalise.times import instant


def effective_at(observation: Observation, zone: str | None) -> Instant:
    """Return when the result was true of the patient (``Observation.effective[x]``).

    Of a period its end, for only then is what was measured over it known (its start while it is open); of a timing its
    first event.

    Raises
    ------
    RejectedMessage
        ``effective-missing``, ``-precision`` (a date alone cannot be placed among vital signs), ``-zone``, ``-format``
        or ``-range``.
    """
    if observation.effective_date_time is not None:
        return instant(observation.effective_date_time, "Observation.effectiveDateTime", "effective", zone)
    text, field = _other(observation)
    if text is None:
        raise RejectedMessage("effective-missing", "Observation.effective[x]", "a time of day", "none")
    return instant(text, f"Observation.{field}", "effective", zone)


def _other(observation: Observation) -> tuple[str | None, str]:
    if observation.effective_instant is not None:
        return observation.effective_instant, "effectiveInstant"
    if period := observation.effective_period:
        return (period.end, "effectivePeriod.end") if period.end else (period.start, "effectivePeriod.start")
    if observation.effective_timing and observation.effective_timing.event:
        return observation.effective_timing.event[0], "effectiveTiming.event[0]"
    return None, ""


def refuse_future(
    at: Instant, received_at: Instant, tolerance_s: float, field: str = "Observation.effective[x]"
) -> None:
    """Reject a clinical time that lies further after arrival than clocks can differ."""
    if at > received_at + tolerance_s * 1000:
        raise RejectedMessage(
            "effective-future",
            field,
            f"at most {tolerance_s:g} s after arrival",
            "a time further ahead",
        )
