"""NEWS2 of one patient at one clinical instant: the transparent score beside every learned one."""

from __future__ import annotations

from typing import NamedTuple

from streams.clock import HOUR, SECOND, Instant
from streams.records import Contribution, InputUsed, Prediction
from streams.scoring.newest import Newest, Seen
from streams.scoring.news2_bands import Charted, Total, level, points, total_of
from streams.scoring.news2_points import contributions
from streams.timeline.series import Snapshot

MODEL, VERSION = "news2", "2017"
FRESH_MS = 12 * HOUR
"""Oldest value that counts: RCP 2017 asks for observations every 12 hours at least, at a score of 0."""
RESPIRATORY_RATE, SPO2, SYSTOLIC, PULSE, TEMPERATURE = "9279-1", "2708-6", "8480-6", "8867-4", "8310-5"
PHYSIOLOGY = (RESPIRATORY_RATE, SPO2, SYSTOLIC, PULSE, TEMPERATURE)
OXYGEN = {"3151-8": 0.0, "3150-6": 21.0, "supplemental-oxygen": 0.0}
"""Flow in L/min, inhaled share in percent, air or oxygen as charted: above this value it is supplemental oxygen."""
ACVPU = "80288-4"
ALERT = 0.0
SCALE_2 = "news2-spo2-scale-2"
COMA_TOTAL = "9269-2"
COMA_PARTS = ("9267-6", "9270-0", "9268-4")
FULLY_ALERT = 15
LEAST_PARAMETERS = 3
"""Of the five in `PHYSIOLOGY`; with fewer there is no score at all."""
_CODES = (*PHYSIOLOGY, *OXYGEN, COMA_TOTAL, ACVPU)


class _Finding(NamedTuple):
    """A judgement, the values it stands on, and what is to be said of it."""

    holds: bool
    used: tuple[tuple[str, Seen], ...]
    remarks: tuple[str, ...] = ()

    @property
    def at(self) -> Instant:
        """When it was true; only where it stands on a value."""
        return self.used[0][1].effective_at


def news2(snapshot: Snapshot) -> Prediction:
    """Score one patient by NEWS2 (RCP 2017) from the newest values at most 12 h old at ``as_of``.

    Consciousness: the newest of Glasgow coma score (15 is Alert, below is CVPU; total, or eye, verbal and motor of one
    instant) and the nursing observation ACVPU; of one instant the worse; none charted counts as Alert, marked
    ``assumed-alert``. Oxygen: the newest of flow (> 0 L/min), inhaled concentration (> 21 %) and air or oxygen as
    charted; none charted counts as air, marked ``assumed-air``. SpO2 is on scale 2, marked ``spo2-scale-2``, where a
    clinician's flag says so, however old it is; nothing here infers it.

    Returns
    -------
    Prediction
        ``ok`` with all five of respiratory rate, SpO2, systolic pressure, pulse and temperature. With three or four
        ``indeterminate`` and marked ``partial``: `value` is then a lower bound, and `level` stands only where that
        bound alone is above low. With fewer no value. Reasons name each one missing (``missing:``) or too old
        (``stale:``, its age among the inputs with a count of 0). `contributions` are the points of each parameter that
        has any; they add up to `value`.
    """
    newest = Newest(snapshot, FRESH_MS)
    seen = dict(zip(_CODES, newest.of(_CODES), strict=True))
    present = [(code, found) for code in PHYSIOLOGY if (found := seen[code]) is not None]
    old = {code: newest.too_old(code) for code in PHYSIOLOGY if seen[code] is None}
    absent = tuple(f"stale:{code}" if found else f"missing:{code}" for code, found in old.items())
    unused = [(code, found) for code, found in old.items() if found]
    if len(present) < LEAST_PARAMETERS:
        return _prediction(snapshot, present, unused, None, absent)
    oxygen, alert, scale = _oxygen(seen), _alert(seen, newest), _scale(newest)
    rate, spo2, systolic, pulse, temperature = (_value(seen[code]) for code in PHYSIOLOGY)
    chart = Charted(rate, spo2, systolic, pulse, temperature, oxygen.holds, alert.holds)
    findings = (scale, oxygen, alert)
    earned = points(chart, 2 if scale.holds else 1)
    return _prediction(
        snapshot,
        [*present, *(used for finding in findings for used in finding.used)],
        unused,
        total_of(earned),
        (*absent, *(remark for finding in findings for remark in finding.remarks)),
        contributions(chart, earned),
        partial=bool(absent),
    )


def _value(seen: Seen | None) -> float | None:
    return seen.value if seen else None


def _scale(newest: Newest) -> _Finding:
    flag = newest.ever(SCALE_2)
    if flag is None or not flag.value:
        return _Finding(False, ())
    return _Finding(True, ((SCALE_2, flag),), ("spo2-scale-2",))


def _oxygen(seen: dict[str, Seen | None]) -> _Finding:
    known = [(code, found) for code in OXYGEN if (found := seen[code])]
    if not known:
        return _Finding(False, (), ("assumed-air",))
    at = max(found.effective_at for _, found in known)
    used = tuple((code, found) for code, found in known if found.effective_at == at)
    return _Finding(any(found.value > OXYGEN[code] for code, found in used), used)


def _alert(seen: dict[str, Seen | None], newest: Newest) -> _Finding:
    nursing = seen[ACVPU]
    charted = [_coma(seen, newest), _Finding(nursing.value == ALERT, ((ACVPU, nursing),)) if nursing else None]
    known = [finding for finding in charted if finding]
    if not known:
        return _Finding(True, (), ("assumed-alert",))
    at = max(finding.at for finding in known)
    counted = [finding for finding in known if finding.at == at]
    used = tuple(used for finding in counted for used in finding.used)
    return _Finding(all(finding.holds for finding in counted), used)


def _coma(seen: dict[str, Seen | None], newest: Newest) -> _Finding | None:
    whole, parts = seen[COMA_TOTAL], newest.together(COMA_PARTS)
    if whole and not (parts and parts[0].effective_at > whole.effective_at):
        return _Finding(whole.value >= FULLY_ALERT, ((COMA_TOTAL, whole),))
    if parts:
        used = tuple(zip(COMA_PARTS, parts, strict=True))
        return _Finding(sum(part.value for part in parts) >= FULLY_ALERT, used)
    return None


def _prediction(
    snapshot: Snapshot,
    used: list[tuple[str, Seen]],
    unused: list[tuple[str, Seen]],
    result: Total | None,
    reasons: tuple[str, ...],
    made_of: tuple[Contribution, ...] = (),
    *,
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
        inputs=(*_inputs(used, 1, as_of), *_inputs(unused, 0, as_of)),
        contributions=made_of,
    )


def _inputs(seen: list[tuple[str, Seen]], count: int, as_of: Instant) -> list[InputUsed]:
    return [InputUsed(code, count, (as_of - one.effective_at) / SECOND) for code, one in seen]
