"""What models say of a patient's imaging studies and notes, as it is remembered: joined by version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from streams.clock import Instant
from streams.records import (
    Correction,
    Level,
    NotePrediction,
    NotePredictions,
    Said,
    Status,
    StudyPrediction,
    StudyPredictions,
    Version,
)
from streams.timeline.held import Held, HeldEncounter

_STUDY = "ImagingStudy/"
_encode = msgspec.msgpack.Encoder().encode


class Found(msgspec.Struct, frozen=True, array_like=True):
    """One thing that a model says of a picture or a note."""

    name: str
    """``pneumonia``, ``cardiothoracic-ratio``, ``cardiovascular``, ..."""
    kind: Literal["class", "measure"]
    value: float
    """Calibrated probability of a class; a measure in `unit`."""
    level: Level
    """Of a class by its model's thresholds; ``indeterminate`` for a measure, which has none by itself."""
    unit: str
    """UCUM, of a measure; empty for a probability."""


class HeldFinding(msgspec.Struct, frozen=True, array_like=True):
    """What one model says of a study or a note; outlines, heat and sentences stay on the topic of predictions."""

    model: str
    version: str
    status: Status
    reasons: tuple[str, ...]
    view: str
    """View of the film that it saw, e.g. ``PA``; empty where it does not say it, and for a note."""
    found: tuple[Found, ...]


class HeldStudy(msgspec.Struct, frozen=True, array_like=True):
    """The join of everything that was ever said of one imaging study or note.

    Joining is commutative, associative and idempotent. The highest version speaks; of what was said of
    that version more than once, each model's newest word.
    """

    source: str
    resource_id: str
    """``ImagingStudy/<id>``, ``DocumentReference/<id>``, ..."""
    version: Version
    withdrawn: bool
    as_of: Instant
    """When the images were taken, or the note was written."""
    newest_at: Instant
    """The newest such time of any version; retention counts from here."""
    encounter_id: str
    findings: tuple[HeldFinding, ...]
    """Ascending by model."""
    first_said: Version | None
    """Lowest version of which a model said anything that could be used; None where none did."""
    replaces: tuple[str, ...] = ()
    """Resource ids of the notes whose place it takes, as long as it stands."""

    @property
    def is_note(self) -> bool:
        """Whether it is a note; else it is an imaging study."""
        return not self.resource_id.startswith(_STUDY)

    @property
    def key(self) -> tuple[str, str]:
        """Identity within one patient: source and resource id."""
        return self.source, self.resource_id


Resource = Held | HeldEncounter | HeldStudy
"""Whatever may be voided by a higher version that has left its patient."""


def held_study(said: Said) -> HeldStudy:
    """Return what is remembered of what was said once."""
    found = map(_finding, said.predictions) if isinstance(said, StudyPredictions) else map(_heads, said.predictions)
    findings = tuple(sorted(found, key=lambda one: one.model))
    useful = any(one.status == "ok" for one in findings)
    return HeldStudy(
        said.source, said.resource_id, said.version, said.withdrawn, said.as_of, said.as_of, said.encounter_id,
        () if said.withdrawn else findings, said.version if useful else None,
        said.replaces if isinstance(said, NotePredictions) else (),
    )  # fmt: skip


def _heads(said: NotePrediction) -> HeldFinding:
    heads = said.reading.heads if said.reading is not None and said.status == "ok" else ()
    found = [Found(one.name, "class", one.probability, one.level, "") for one in heads]
    return HeldFinding(said.model, said.version, said.status, said.reasons, "", tuple(found))


def _finding(said: StudyPrediction) -> HeldFinding:
    found: list[Found] = []
    if said.reading is not None and said.status == "ok":
        found += [Found(c.name, "class", c.probability, c.level, "") for c in said.reading.classes]
        found += [Found(m.name, "measure", m.value, "indeterminate", m.unit) for m in said.reading.measures]
    view = said.basis.view if said.basis is not None else ""
    return HeldFinding(said.model, said.version, said.status, said.reasons, view, tuple(found))


def join_study(a: HeldStudy, b: HeldStudy) -> HeldStudy:
    """Unite what is known of one study or note."""
    top, other = (a, b) if a.version >= b.version else (b, a)
    united = _same_version(top, other) if top.version == other.version else top
    said = [one.first_said for one in (a, b) if one.first_said is not None]
    return msgspec.structs.replace(united, newest_at=max(a.newest_at, b.newest_at), first_said=min(said, default=None))


def _same_version(a: HeldStudy, b: HeldStudy) -> HeldStudy:
    """Unite what was said of one version: it may have come twice, and a model may have been replaced in between."""
    newest: dict[str, HeldFinding] = {}
    for one in (*a.findings, *b.findings):
        newest[one.model] = max(newest.get(one.model, one), one, key=_rank)
    return msgspec.structs.replace(
        a,
        as_of=min(a.as_of, b.as_of),
        encounter_id=max(a.encounter_id, b.encounter_id),
        findings=tuple(newest[model] for model in sorted(newest)),
        replaces=tuple(sorted({*a.replaces, *b.replaces})),
    )


def _rank(one: HeldFinding) -> tuple[object, ...]:
    """Order by version of the model; the rest only makes the choice the same whatever the order of arrival."""
    number = int(one.version) if one.version.isdecimal() else -1
    return number, one.version, one.status != "unavailable", one.status == "ok", _encode(one)


Key = tuple[str, str]
"""source and resource id."""


_NONE: Mapping[Key, Instant] = {}


class Studies:
    """The studies and notes under one identity.

    Parameters
    ----------
    voids
        Tells whether a higher version of a study is known than the one of which something was said.
    """

    __slots__ = ("_voids", "held")

    def __init__(self, voids: Callable[[HeldStudy], bool]) -> None:
        self._voids = voids
        self.held: dict[Key, HeldStudy] = {}

    def put(self, new: HeldStudy) -> bool:
        """Unite a study with what is remembered of it; True where that changed anything."""
        old = self.held.get(new.key)
        self.held[new.key] = new if old is None else join_study(old, new)
        return self.held[new.key] != old

    def forget_before(self, limit: Instant) -> bool:
        """Forget studies all of whose versions are older; True where there was one."""
        old = [key for key, one in self.held.items() if one.newest_at < limit]
        for key in old:
            del self.held[key]
        return bool(old)

    def taken_places(self) -> Iterator[tuple[Key, Instant]]:
        """Yield the notes whose place a note takes that is not void, each with when that note was last changed."""
        for one in self.held.values():
            if one.replaces and not one.withdrawn and not self._voids(one):
                yield from (((one.source, name), one.version.last_updated) for name in one.replaces)

    def standing(self, replaced: Mapping[Key, Instant] = _NONE) -> Iterator[HeldStudy]:
        """Yield what something stands of: neither withdrawn, nor overtaken by a higher version, nor replaced.

        Parameters
        ----------
        replaced
            The patient's notes whose place others take, by all identities; see `taken_places`.
        """
        for one in self.held.values():
            if one.findings and not one.withdrawn and one.key not in replaced and not self._voids(one):
                yield one

    def corrections(self, replaced: Mapping[Key, Instant] = _NONE) -> Iterator[Correction]:
        """Yield how studies and notes were corrected of which a model had said something that could be used."""
        for one in self.held.values():
            if one.first_said is None:
                continue
            if one.withdrawn:
                yield Correction(one.resource_id, "withdrawn", one.version.last_updated)
            elif one.first_said < one.version or self._voids(one):
                yield Correction(one.resource_id, "replaced", one.version.last_updated)
            elif one.key in replaced:
                yield Correction(one.resource_id, "replaced", replaced[one.key])


def in_order(studies: Iterable[HeldStudy]) -> tuple[HeldStudy, ...]:
    """Return studies and notes in an order that is a function of the set alone, the newest last."""
    return tuple(sorted(studies, key=lambda one: (one.as_of, one.version, one.source, one.resource_id, _encode(one))))
