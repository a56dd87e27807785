"""What each patient is judged by, from the definition alone: no state, no order, no owners."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from streams.identity import is_alias
from streams.publish.identity import facts_digest
from streams.records import (
    Identity,
    ObservationVersion,
    Overruling,
    PatientVersion,
    Said,
)
from streams.timeline.held import HeldPatient, held_patient, join_patient
from streams.timeline.snapshot import demographics, snapshot
from streams.timeline.studies import HeldStudy
from streams.timeline.timeline import Timeline
from tests.unit.workers.hospital import RETENTION, Message


def from_scratch(messages: list[Message]) -> dict[str, bytes]:
    """Judge by the definition alone: the highest version of everything that was ever said, no state, no order."""
    patients: dict[tuple[str, str, str], HeldPatient] = {}
    changes: dict[tuple[str, str], Overruling] = {}
    kept: defaultdict[str, list[ObservationVersion | Said]] = defaultdict(list)
    for event in [e for one in messages for e in (one.event, one.change) if e is not None]:
        if isinstance(event, Overruling):
            key = (event.source, event.resource_id)
            changes[key] = max((event, changes.get(key, event)), key=lambda o: (o.version, o.patient_id))
        elif isinstance(event, PatientVersion):
            new, who = held_patient(event), (event.patient_id, event.source, event.resource_id)
            patients[who] = join_patient(patients[who], new) if who in patients else new
        elif isinstance(event, ObservationVersion | Said):
            kept[event.patient_id].append(event)
    target = resolved([word for one in patients.values() for word in one.words()])
    origins: defaultdict[str, list[str]] = defaultdict(list)
    for origin in sorted({*kept, *(who[0] for who in patients)}):
        origins[target.get(origin, origin)].append(origin)
    found: dict[str, bytes] = {}
    for patient_id, names in origins.items():
        timelines = [_alone(name, kept[name], patients, changes) for name in names]
        seen = None if is_alias(patient_id) else snapshot(patient_id, timelines)
        if seen is not None:
            assert demographics(patient_id, timelines) == (seen.birth_date, seen.sex)
            found[patient_id] = facts_digest(seen)
    return found


def _alone(
    name: str,
    versions: list[ObservationVersion | Said],
    patients: dict[tuple[str, str, str], HeldPatient],
    changes: dict[tuple[str, str], Overruling],
) -> Timeline:
    """Return one identity's facts: of each resource the highest version, unless it has gone to somebody else."""

    def gone(resource: Any) -> bool:
        change = changes.get(resource.key)
        if change is None or change.version <= resource.version:
            return False
        # Of a study or note, a higher version of the patient's own is enough.
        return isinstance(resource, HeldStudy) or change.patient_id != name

    made = Timeline(RETENTION, gone)
    for event in sorted(versions, key=lambda e: e.version):
        made.apply(event)
    for who, patient in patients.items():
        if who[0] == name:
            made.put_patient(patient)
    return made


def resolved(words: list[Identity]) -> dict[str, str]:
    """Say whose facts each identity's are: the highest word decides, the highest of a cycle is void."""
    void: set[Identity] = set()
    while True:
        standing = [w for w in words if w.stands and w not in void]
        chosen: dict[str, Identity] = {}
        for word in sorted(standing, key=lambda w: (w.version, w.target, w.source, w.resource_id)):
            chosen[word.subject] = word
        ends: dict[str, str] = {}
        cycle: list[Identity] = []
        for start in sorted(chosen):
            path = [start]
            while path[-1] in chosen and chosen[path[-1]].target not in path:
                path.append(chosen[path[-1]].target)
            if path[-1] in chosen:
                back = path.index(chosen[path[-1]].target)
                cycle = cycle or [chosen[name] for name in path[back:]]
            ends[start] = path[-1]
        if not cycle:
            return ends
        void.add(max(cycle, key=lambda w: (w.version, w.target, w.source, w.resource_id)))
