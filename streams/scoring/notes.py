"""What models said of a patient's notes, to predictions as they stand at the score's instant.

A note documents: what one note says is not taken back by another that speaks of something else. So of each class the
note counts that says it most clearly, among all that stand and are fresh; an addendum stands beside what it adds to,
and a note in two forms counts once. Nothing is imputed: a patient without notes has no prediction of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.clock import DAY, Instant
from streams.records import Prediction
from streams.scoring.said import Said, by_model, refused, stated
from streams.timeline.series import Snapshot
from streams.timeline.studies import Found

CARDIOVASCULAR = "cardiovascular"
"""The class that may be evidence of the heart; every other is published beside the whole and never moves it."""
FRESH_MS: Instant = 7 * DAY
"""How far the time of a note may lie from the score's ``as_of``, either way. Chosen by us, not fitted."""


def of_notes(snapshot: Snapshot) -> tuple[Prediction, ...]:
    """Return the predictions that notes bring to one patient's score, ascending by model and class."""
    found: list[Prediction] = []
    for said in by_model(snapshot, notes=True, fresh_ms={}, otherwise_ms=FRESH_MS).values():
        found.extend(_of_model(said, snapshot.patient_id))
    return tuple(found)


def _of_model(all_said: Sequence[Said], patient_id: str) -> Iterator[Prediction]:
    standing = [one for one in all_said if one.stands]
    if not standing:
        yield refused(all_said[-1], patient_id)
        return
    clearest: dict[str, tuple[Said, Found]] = {}
    for said in standing:
        for one in said.finding.found:
            # Notes come in order of their time, so that of two that say it alike the newer one speaks.
            if one.name not in clearest or one.value >= clearest[one.name][1].value:
                clearest[one.name] = said, one
    for name in sorted(clearest):
        said, one = clearest[name]
        yield stated(said, one, patient_id, one.level)
