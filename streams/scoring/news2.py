"""NEWS2 of one patient at one clinical instant: the transparent score beside every learned one."""

from __future__ import annotations

from typing import NamedTuple

from streams.clock import HOUR, SECOND
from streams.records import InputUsed, Prediction
from streams.scoring.newest import Newest, Seen
from streams.scoring.news2_bands import Charted, Scale, Total, level, total
from streams.timeline.series import Snapshot

MODEL, VERSION = "news2", "2017"
FRESH_MS = 12 * HOUR
"""Oldest value that counts: RCP 2017 asks for observations every 12 hours at least, at a score of 0."""
RESPIRATORY_RATE, SPO2, SYSTOLIC, PULSE, TEMPERATURE = "9279-1", "2708-6", "8480-6", "8867-4", "8310-5"
PHYSIOLOGY = (RESPIRATORY_RATE, SPO2, SYSTOLIC, PULSE, TEMPERATURE)
OXYGEN_FLOW, OXYGEN_SHARE = "3151-8", "3150-6"
OXYGEN = (OXYGEN_FLOW, OXYGEN_SHARE)
COMA_TOTAL = "9269-2"
COMA_PARTS = ("9267-6", "9270-0", "9268-4")
FULLY_ALERT = 15
ROOM_AIR = 21.0
LEAST_PARAMETERS = 3
"""Of the five in `PHYSIOLOGY`; with fewer there is no score at all."""
_CODES = (*PHYSIOLOGY, *OXYGEN, COMA_TOTAL)


class _Finding(NamedTuple):
    """A judgement, the values it stands on, and what had to be assumed."""

    holds: bool
    used: tuple[tuple[str, Seen], ...]
    assumed: tuple[str, ...] = ()


def news2(snapshot: Snapshot, scale: Scale = 1) -> Prediction:
    """Score one patient by NEWS2 (RCP 2017) from the newest values at most 12 h old at ``as_of``.

    Consciousness: Glasgow coma score 15 is Alert, below is CVPU; the newer of total and (eye, verbal, motor of one
    instant); none charted counts as Alert, marked ``assumed-alert``. Oxygen: the newer of flow (> 0 L/min) and
    inhaled concentration (> 21 %); none charted counts as air, marked ``assumed-air``.

    Parameters
    ----------
    scale
        SpO2 scale 2 is for a clinician to set on a patient; nothing here infers it.

    Returns
    -------
    Prediction
        ``ok`` with all five of respiratory rate, SpO2, systolic pressure, pulse and temperature. With three or four
        ``indeterminate`` and marked ``partial``: `value` is then a lower bound, and `level` stands only where that
        bound alone is above low. With fewer no value. Reasons name each one missing (``missing:``) or too old
        (``stale:``).
    """
    newest = Newest(snapshot, FRESH_MS)
    seen = dict(zip(_CODES, newest.of(_CODES), strict=True))
    present = [(code, found) for code in PHYSIOLOGY if (found := seen[code]) is not None]
    absent = tuple(_absence(code, newest) for code in PHYSIOLOGY if seen[code] is None)
    if len(present) < LEAST_PARAMETERS:
        return _prediction(snapshot, present, None, absent)
    oxygen, alert = _oxygen(seen), _alert(seen, newest)
    rate, spo2, systolic, pulse, temperature = (_value(seen[code]) for code in PHYSIOLOGY)
    result = total(Charted(rate, spo2, systolic, pulse, temperature, oxygen.holds, alert.holds), scale)
    used = [*present, *oxygen.used, *alert.used]
    return _prediction(snapshot, used, result, (*absent, *oxygen.assumed, *alert.assumed), partial=bool(absent))


def _value(seen: Seen | None) -> float | None:
    return seen.value if seen else None


def _oxygen(seen: dict[str, Seen | None]) -> _Finding:
    known = [(code, found) for code in OXYGEN if (found := seen[code])]
    if not known:
        return _Finding(False, (), ("assumed-air",))
    at = max(found.effective_at for _, found in known)
    used = tuple((code, found) for code, found in known if found.effective_at == at)
    return _Finding(any(found.value > (0.0 if code == OXYGEN_FLOW else ROOM_AIR) for code, found in used), used)


def _alert(seen: dict[str, Seen | None], newest: Newest) -> _Finding:
    whole, parts = seen[COMA_TOTAL], newest.together(COMA_PARTS)
    if whole and not (parts and parts[0].effective_at > whole.effective_at):
        return _Finding(whole.value >= FULLY_ALERT, ((COMA_TOTAL, whole),))
    if parts:
        used = tuple(zip(COMA_PARTS, parts, strict=True))
        return _Finding(sum(part.value for part in parts) >= FULLY_ALERT, used)
    return _Finding(True, (), ("assumed-alert",))


def _absence(code: str, newest: Newest) -> str:
    return f"stale:{code}" if newest.had(code) else f"missing:{code}"


def _prediction(
    snapshot: Snapshot,
    used: list[tuple[str, Seen]],
    result: Total | None,
    reasons: tuple[str, ...],
    partial: bool = False,
) -> Prediction:
    as_of = snapshot.as_of
    risk = level(result) if result else "indeterminate"
    return Prediction(
        patient_id=snapshot.patient_id,
        model=MODEL,
        version=VERSION,
        as_of=as_of,
        status="ok" if result and not partial else "indeterminate",
        value=float(result.score) if result else None,
        level="indeterminate" if partial and risk == "low" else risk,
        reasons=("partial", *reasons) if partial else reasons,
        inputs=tuple(InputUsed(code, 1, (as_of - seen.effective_at) / SECOND) for code, seen in used),
    )
