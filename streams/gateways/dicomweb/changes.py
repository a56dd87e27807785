"""A PACS's change feed to ImagingStudy resources, as a hospital's record would tell of them; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.pixels.terms import MANUFACTURER
from streams.settings import Pacs

STABLE = "StableStudy"
"""Orthanc's word that a study has not changed for a while (https://orthanc.uclouvain.be/book, "StableAge")."""
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_STAMP = "%Y%m%dT%H%M%S"
_TIME = re.compile(r"([0-9]{6})(?:\.[0-9]+)?")

Json = dict[str, Any]


class FeedPosition(msgspec.Struct, frozen=True):
    """How far a PACS's change feed has been read."""

    pacs: str
    seq: int


class Page(msgspec.Struct, frozen=True):
    """Some changes of the feed."""

    studies: tuple[str, ...]
    """Ids of studies that are complete for now, each once."""
    last: int
    done: bool
    """Whether there is nothing beyond `last` now."""


def page(answer: Mapping[str, Any]) -> Page:
    """Read an answer of Orthanc's ``/changes``; KeyError, TypeError or ValueError where it is none."""
    changes = answer["Changes"]
    studies = [str(one["ID"]) for one in changes if one.get("ChangeType") == STABLE and _is_id(one.get("ID"))]
    return Page(tuple(dict.fromkeys(studies)), int(answer["Last"]), bool(answer["Done"]))


def _is_id(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[0-9a-f\-]{1,64}", text) is not None


def study(found: Mapping[str, Any], series: list[Mapping[str, Any]], pacs: Pacs) -> Json:
    """Return the ImagingStudy (R4) of a study as Orthanc describes it.

    Parameters
    ----------
    found, series
        Answers of ``/studies/<id>`` and ``/studies/<id>/series``.
    pacs
        Whose it is; names the identifier system of its Patient IDs and the zone of its times.
    """
    tags, patient = found.get("MainDicomTags", {}), found.get("PatientMainDicomTags", {})
    identifier = {"system": pacs.patient_system, "value": str(patient.get("PatientID", ""))}
    # What we have put into the study ourselves makes no new version of it.
    theirs = [one for one in series if one.get("MainDicomTags", {}).get("Manufacturer") != MANUFACTURER]
    listed = [_series(one) for one in theirs]
    changed = max((str(one["LastUpdate"]) for one in theirs if one.get("LastUpdate")), default=found["LastUpdate"])
    return {
        "resourceType": "ImagingStudy",
        "id": found["ID"],
        "meta": {"lastUpdated": _utc(changed)},
        "status": "available",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{tags.get('StudyInstanceUID', '')}"}],
        "subject": {"identifier": {key: value for key, value in identifier.items() if value}},
        **_started(str(tags.get("StudyDate", "")), str(tags.get("StudyTime", "")), pacs.zone),
        "contained": [{"resourceType": "Endpoint", "id": "pacs", "address": pacs.url}],
        "endpoint": [{"reference": "#pacs"}],
        "numberOfInstances": sum(one["numberOfInstances"] for one in listed),
        "series": listed,
    }


def _series(found: Mapping[str, Any]) -> Json:
    tags = found.get("MainDicomTags", {})
    modality = {"system": _DCM, "code": tags["Modality"]} if tags.get("Modality") else None
    told = {"uid": tags.get("SeriesInstanceUID", ""), "modality": modality}
    return {key: value for key, value in told.items() if value} | {"numberOfInstances": len(found.get("Instances", []))}


def _utc(stamp: str) -> str:
    return datetime.strptime(stamp, _STAMP).strftime("%Y-%m-%dT%H:%M:%SZ")


def _started(day: str, time: str, zone: str | None) -> Json:
    """Return the study's begin; nothing without a zone, for DICOM times are local and do not say where."""
    match = _TIME.fullmatch(time)
    if zone is None or match is None:
        return {}
    try:
        moment = datetime.strptime(day + match[1], "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        return {}
    return {"started": moment.isoformat()}
