"""Imaging studies as the record tells of them, and their way back to a PACS that could not be asked."""

from __future__ import annotations

import msgspec

from streams.clock import Instant
from streams.records.version import Version


class SeriesAnnounced(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One series of a study, as far as the record announces it."""

    uid: str
    """Series Instance UID."""
    modality: str = ""
    """DICOM modality (PS3.3 C.7.3.1.1.1), e.g. ``DX``; empty where not said."""
    instances: int = -1
    """How many instances it is said to have; -1 where not said."""
    body_site: str = ""
    """SNOMED CT code of the body site; empty where not said."""
    endpoints: tuple[str, ...] = ()
    """Where it is said to lie: ``Endpoint/<id>``, or the address of an Endpoint that came along."""


class ImagingStudyVersion(msgspec.Struct, frozen=True, tag="imaging-study", omit_defaults=True):
    """One version of an ImagingStudy: which images of whom, where they lie, or that the study is void."""

    source: str
    resource_id: str
    """``ImagingStudy/<id>``; a digest of patient and Study Instance UID where it has none."""
    patient_id: str
    version: Version
    withdrawn: bool
    """True for entered-in-error and cancelled: what was said on grounds of it is void."""
    received_at: Instant
    study_uid: str = ""
    """Study Instance UID; empty only where a withdrawal does not say it."""
    started_at: Instant | None = None
    """When the images were begun to be taken; None where not said."""
    encounter_id: str = ""
    modalities: tuple[str, ...] = ()
    """Modalities of the study and of its series, sorted; empty where not said."""
    instances: int = -1
    """How many instances the study is said to have; -1 where not said."""
    endpoints: tuple[str, ...] = ()
    """As in `SeriesAnnounced`, for the whole study."""
    series: tuple[SeriesAnnounced, ...] = ()


class StudyRetry(msgspec.Struct, frozen=True, tag="study-retry", omit_defaults=True):
    """A study whose images could not be had yet, on its way to another try."""

    study: ImagingStudyVersion
    attempt: int
    """Tries so far."""
    since: Instant
    """Arrival of the study; deadlines count from it."""
    reason: str
    """``arriving``, ``pacs-unavailable``, ``model-unavailable``, ..."""
    have: int = -1
    """Instances that the PACS had at the last try; -1 where it could not be asked."""
    told: bool = False
    """Whether something has been said of this version, so that only a complete answer is said after it."""
