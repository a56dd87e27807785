"""An ImagingStudy to its event: which images of whom, and where they lie."""

from __future__ import annotations

import re

import msgspec

from streams.clock import Instant
from streams.errors import RejectedMessage
from streams.normalise.effective import refuse_future
from streams.normalise.endpoints import endpoints
from streams.normalise.outcome import Found, Scope
from streams.normalise.overrulings import is_change, told
from streams.normalise.references import encounter_id
from streams.normalise.shapes import Identifier, ImagingStudy, StudySeries
from streams.normalise.subjects import patient_id
from streams.normalise.times import instant
from streams.normalise.versions import content_id, resource_id, version
from streams.records import ImagingStudyVersion, SeriesAnnounced, Skip

STATUS_RANKS = {"available": 2, "cancelled": 4, "entered-in-error": 4}
"""imagingstudy-status (R4, R5 required binding) in the order of versions; `streams.records.Version`."""
_WITHDRAWN = frozenset({"cancelled", "entered-in-error"})
_NOT_YET = frozenset({"registered", "unknown"})
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_LONGEST_UID = 64
_DICOM_UID, _URI, _OID = "urn:dicom:uid", "urn:ietf:rfc:3986", "urn:oid:"
_SNOMED = "http://snomed.info/sct"
_SCT = re.compile(r"[0-9]{6,18}")
_CODE = re.compile(r"[A-Z0-9_]{1,16}")


def read(study: ImagingStudy, scope: Scope) -> Found:
    """Read an ImagingStudy (R4, R5): one version, word of it to all where it is a change, or a skip ``status-...``.

    Raises
    ------
    RejectedMessage
        ``status``, ``no-study-uid``, ``study-uid``, ``series-uid``, ``id``, ``withdrawal-without-id``, ``started-...``,
        ``last-updated-...``, or one of the subject's where the record alone does not show it to be a change.
    """
    if study.status in _NOT_YET:
        return Found([], [Skip(f"status-{study.status}", "ImagingStudy")], [])
    if study.status not in STATUS_RANKS:
        received = "another word" if study.status else "none"
        raise RejectedMessage("status", "ImagingStudy.status", "a code of imagingstudy-status", received)
    change = is_change(study.id, study.meta, study.status, _WITHDRAWN)
    found = Found([], [], [])
    event = _event(study, _whose(study, scope, change), scope, found)
    found.events.extend(told(event, change))
    return found


def _whose(study: ImagingStudy, scope: Scope, change: bool) -> str:
    """Return the patient; a change that names nobody voids what others hold of it."""
    try:
        return patient_id(study.subject, scope, study.contained, "ImagingStudy.subject")
    except RejectedMessage:
        if change:
            return ""
        raise


def _event(study: ImagingStudy, patient: str, scope: Scope, found: Found) -> ImagingStudyVersion:
    withdrawn = study.status in _WITHDRAWN
    uid = _withdrawn_uid(study.identifier) if withdrawn else _study_uid(study.identifier)
    series = () if withdrawn else tuple(_series(one, scope, study.contained) for one in study.series or ())
    event = ImagingStudyVersion(
        source=scope.source.name,
        resource_id=_fact(study, patient, uid),
        patient_id=patient,
        version=version(None, "ImagingStudy", 0, (), None),
        withdrawn=withdrawn,
        received_at=0,
        study_uid=uid,
        started_at=_started(study, scope, found),
        encounter_id=encounter_id(study.encounter, scope.local),
        modalities=_modalities(study, series),
        instances=_count(study, series),
        endpoints=() if withdrawn else endpoints(study.endpoint, scope, study.contained),
        series=series,
    )
    place = version(
        study.meta, "ImagingStudy", STATUS_RANKS[study.status or ""], (event, study.status), scope.source.zone
    )
    return msgspec.structs.replace(event, version=place, received_at=scope.received_at)


def _fact(study: ImagingStudy, patient: str, uid: str) -> str:
    given = resource_id(study.id, "ImagingStudy")
    if not given and not uid:
        raise RejectedMessage("withdrawal-without-id", "ImagingStudy.id", "the id of what is withdrawn", "none")
    return "ImagingStudy/" + (given or content_id((patient, uid)))


def _withdrawn_uid(identifiers: list[Identifier] | None) -> str:
    """Return the UID of a study that is withdrawn, empty where it is none: a bad one must not keep the study alive."""
    try:
        return _study_uid(identifiers)
    except RejectedMessage:
        return ""


def _study_uid(identifiers: list[Identifier] | None) -> str:
    """Return the Study Instance UID (R4 ImagingStudy: system ``urn:dicom:uid``, value ``urn:oid:<uid>``).

    Where none is of that system, an OID among URIs is taken for it, as senders wrote it before R4.
    """
    values = [(one.system, one.value) for one in identifiers or () if one.value]
    given = {value for system, value in values if system == _DICOM_UID} or {
        value for system, value in values if system == _URI and value.startswith(_OID)
    }
    expected = "one identifier of system urn:dicom:uid"
    if len(given) != 1:
        received = "several" if given else "none"
        raise RejectedMessage("study-uid" if given else "no-study-uid", "ImagingStudy.identifier", expected, received)
    return _uid(given.pop().removeprefix(_OID), "ImagingStudy.identifier", "study-uid")


def _uid(text: str, field: str, reason: str) -> str:
    if len(text) > _LONGEST_UID or not _UID.fullmatch(text):
        raise RejectedMessage(reason, field, "a DICOM UID: up to 64 digits and dots", "another form")
    return text


def _started(study: ImagingStudy, scope: Scope, found: Found) -> Instant | None:
    """Return when the study began; a date alone places nothing, so it is left out and counted."""
    if not study.started:
        return None
    try:
        at = instant(study.started, "ImagingStudy.started", "started", scope.source.zone)
    except RejectedMessage as rejected:
        if rejected.reason != "started-precision" and study.status not in _WITHDRAWN:
            raise
        found.skips.append(Skip("started-precision"))
        return None
    if scope.source.refuse_future and study.status not in _WITHDRAWN:
        refuse_future(at, scope.received_at, scope.future_tolerance_s, "ImagingStudy.started")
    return at


def _series(series: StudySeries, scope: Scope, contained: object) -> SeriesAnnounced:
    modality = _codes(series.modality)
    return SeriesAnnounced(
        _uid((series.uid or "").removeprefix(_OID), "ImagingStudy.series.uid", "series-uid"),
        modality[0] if modality else "",
        _number(series.number_of_instances),
        _body_site(series.body_site),
        endpoints(series.endpoint, scope, contained),
    )


def _body_site(site: object) -> str:
    """Return the SNOMED CT code of a body site: a Coding (R4), or the concept of a CodeableReference (R5)."""
    concept = site.get("concept", site) if isinstance(site, dict) else None
    codings = concept.get("coding", [concept]) if isinstance(concept, dict) else None
    for one in codings if isinstance(codings, list) else ():
        code = one.get("code") if isinstance(one, dict) and one.get("system") == _SNOMED else None
        if isinstance(code, str) and _SCT.fullmatch(code):
            return code
    return ""


def _modalities(study: ImagingStudy, series: tuple[SeriesAnnounced, ...]) -> tuple[str, ...]:
    listed = [code for each in study.modality or () for code in _codes(each)]
    return tuple(sorted({*listed, *(one.modality for one in series if one.modality)}))


def _codes(modality: object) -> list[str]:
    """Return the DICOM modalities of a Coding (R4) or a CodeableConcept (R5); a code of another form is left out."""
    if not isinstance(modality, dict):
        return []
    codings = modality.get("coding", [modality])
    codes = [one.get("code") for one in codings if isinstance(one, dict)] if isinstance(codings, list) else []
    return [code for code in codes if isinstance(code, str) and _CODE.fullmatch(code)]


def _count(study: ImagingStudy, series: tuple[SeriesAnnounced, ...]) -> int:
    """Return how many instances are announced: by the study itself, else by its series where all say it."""
    given = _number(study.number_of_instances)
    if given >= 0 or not series or any(one.instances < 0 for one in series):
        return given
    return sum(one.instances for one in series)


def _number(given: int | None) -> int:
    return given if given is not None and 0 <= given < 1_000_000 else -1
