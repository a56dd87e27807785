"""The alerts that must stand: the policy run again over minutes assessed anew, people's words and passing time.

The results topic holds one score a flush, not every minute, and none of vital signs alone; so minutes are assessed from
the facts that the sources give, as last scores are. How far a patient's minutes are settled, and where the rules stood
then, is the bedside's word: what comes later than the look-back is not judged again, and no topic tells when it came.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from streams.alerts import state
from streams.alerts.assessed import Assessed
from streams.alerts.life import Place
from streams.alerts.policy import Policy
from streams.alerts.watch import Watch
from streams.clock import Instant
from streams.publish.alerts_view import AlertRow
from streams.records import Alert
from streams.timeline.commands import standing
from streams.timeline.snapshot import snapshot
from streams.timeline.timeline import Timeline
from streams.verify.comparison import INDEX_TOLERANCE
from streams.verify.minutes import Minutes

MISSING, OF_NOTHING = "alerts missing", "alerts of nothing"
OTHERWISE, ELSEWHERE = "alerts in another state", "alerts in another ward"
_NEAR = round(10 * INDEX_TOLERANCE)
_alert = msgspec.json.Decoder(Alert).decode


class Known(NamedTuple):
    """What one patient's alerts follow from."""

    timelines: Sequence[Timeline]
    """Of every identity whose facts and commands are this patient's."""
    kept: bytes | None
    """What the bedside keeps of the patient's alerts; None where it keeps nothing."""
    at: Instant
    """How far time has passed."""


def must_stand(patient_id: str, known: Known, policy: Policy, minutes: Minutes | None) -> dict[str, Alert]:
    """Return the alerts of one patient that must stand, by id.

    Parameters
    ----------
    minutes
        Assesses what is not settled; None: as the bedside assessed it when it did.
    """
    seen = snapshot(patient_id, known.timelines)
    if seen is None:
        return {}
    words = standing([timeline.commands for timeline in known.timelines])
    watch = Watch(policy) if known.kept is None else state.read(known.kept, policy)
    watch.restored(words)
    since, now = watch.settled + 1, max(known.at, seen.as_of)
    then = {row.at: row for row in watch.rows if row.at >= since}
    rows = list(then.values()) if minutes is None else [_exact(row, then) for row in minutes.of(seen, since)]
    watch.assess(rows, since, Place(seen.ward, seen.encounter_id), words, now)
    found = (watch.record(patient_id, life) for life in watch.would_stand(now))
    return {alert.alert_id: alert for alert in found}


def _exact(row: Assessed, then: Mapping[Instant, Assessed]) -> Assessed:
    """Return what the bedside made of a minute where it is the same but for the last digits of a model's answer."""
    known = then.get(row.at)
    same = known is not None and known.degraded == row.degraded
    return known if known is not None and same and _near(known, row) else row


def _near(a: Assessed, b: Assessed) -> bool:
    pairs = ((a.tenths, b.tenths), (a.fast_tenths, b.fast_tenths))
    return all(abs(one - other) <= _NEAR and (one < 0) == (other < 0) for one, other in pairs)


def open_of(rows: Iterable[AlertRow]) -> dict[str, dict[str, Alert]]:
    """Return the alerts that stand on their topic, by patient and id."""
    found: defaultdict[str, dict[str, Alert]] = defaultdict(dict)
    for row in rows:
        if row.is_open:
            found[row.patient_id][row.alert_id] = _alert(row.json)
    return found


def differences(expected: Mapping[str, Alert], found: Mapping[str, Alert]) -> Counter[str]:
    """Count by kind in what the standing alerts of a patient differ from those that must stand."""
    kinds = Counter({MISSING: len(expected.keys() - found.keys()), OF_NOTHING: len(found.keys() - expected.keys())})
    for name in expected.keys() & found.keys():
        kinds[OTHERWISE] += _word(expected[name]) != _word(found[name])
        kinds[ELSEWHERE] += expected[name].ward != found[name].ward
    return +kinds


def _word(alert: Alert) -> tuple[object, ...]:
    return alert.state, alert.changed_at, alert.step, alert.times_raised, alert.snoozed_until, alert.by
