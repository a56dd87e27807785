"""Recorded files to every patient's assessments, minute by minute: the code that serves, without broker and Triton."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from streams.alerts.assessed import Assessed
from streams.alerts.life import Place
from streams.alerts.minutes import holds_newest
from streams.alerts.watch import ALWAYS
from streams.feed.recording import Recorded, read
from streams.fusion.rule import DEFAULT, Rule
from streams.identity import is_alias
from streams.inference.manifest import Manifest
from streams.modes.standing import EVERYTHING
from streams.normalise import Raw, normalise
from streams.records import Identities, ImagingStudyVersion, NoteVersion, PatientVersion
from streams.settings import Settings, Source
from streams.timeline.share import Share
from streams.timeline.snapshot import snapshot
from streams.verify.minutes import Minutes
from streams.verify.offline import OfflineScorer
from streams.workers.ownership import retention_of
from streams.workers.serving import Serving


class Chart(msgspec.Struct, frozen=True):
    """One patient's assessments over the recorded time."""

    patient_id: str
    rows: tuple[Assessed, ...]
    """Ascending; one for each minute that holds a fact."""
    place: Place
    """Where the record has the patient at its end."""


def charts(
    files: Sequence[Path], settings: Settings, spec: Manifest | None, scorer: OfflineScorer | None, rule: Rule = DEFAULT
) -> Iterator[Chart]:
    """Yield every patient of recorded files, assessed at each minute by what the record says of it in the end.

    Late and corrected values are where they belong: it is the best that a policy can know, and earlier than a ward
    whose values are charted late knows it.

    Parameters
    ----------
    spec, scorer
        The learned model; None for NEWS2 alone.
    """
    whole = gathered(files, settings)
    minutes = Minutes(Serving(EVERYTHING, spec, (), "", rule), scorer)
    names = {whole.identities.resolve(identity) for identity in whole.timelines}
    for patient_id in sorted(name for name in names if not is_alias(name)):
        found = snapshot(patient_id, whole.gathered(patient_id))
        if found is None or not holds_newest(found):
            continue
        yield Chart(patient_id, tuple(minutes.of(found, ALWAYS)), Place(found.ward, found.encounter_id))


def gathered(files: Sequence[Path], settings: Settings) -> Share:
    """Take recorded files into one state; nothing is forgotten for its age."""
    longer = settings.model_copy(update={"retention_s": 3650 * 86400.0, "slow_retention_s": 3650 * 86400.0})
    whole = Share(b"", retention_of(longer))
    source = Source(name="trial", topic="trial", refuse_future=False)
    for offset, one in enumerate(read(files)):
        _take(whole, one, offset, source)
    return whole


def _take(whole: Share, one: Recorded, offset: int, source: Source) -> None:
    at = one.outline.recorded or one.outline.effective or 0
    raw = Raw(value=one.body, key=None, topic=source.topic, partition=0, offset=offset, received_at=at)
    for event in normalise(raw, source, future_tolerance_s=0.0).events:
        if isinstance(event, ImagingStudyVersion | NoteVersion):
            continue
        whole.apply(event)
        if isinstance(event, PatientVersion):
            for patient in whole.timelines[event.patient_id].patients.values():
                whole.apply(Identities(patient.words(), event.received_at))
