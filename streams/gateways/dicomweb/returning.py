"""What is needed to put an object into a study of the PACS (STOW-RS, PS3.18 10.5): its frame, and the PACS's answer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from streams.errors import RejectedMessage

Source = Dataset
"""The attributes of an instance that its results repeat."""

REPEATED = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality", "PatientID", "PatientName",
    "PatientBirthDate", "PatientSex", "IssuerOfPatientID", "AccessionNumber", "StudyID", "StudyDate", "StudyTime",
    "StudyDescription", "ReferringPhysicianName", "Rows", "Columns", "NumberOfFrames", "PatientOrientation",
)  # fmt: skip
"""Attributes of the instance that was read which its results repeat (PS3.3: patient, study), and its size."""
_NEEDED = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate",
    "StudyTime", "ReferringPhysicianName",
)  # fmt: skip
"""Of type 2: there, if empty."""
_FAILED = "00081198"
"""Failed SOP Sequence."""


def reference_of(found: object, uids: tuple[str, str, str]) -> Source:
    """Return these attributes of an instance as the PACS tells them.

    Parameters
    ----------
    found
        The PACS's answer, in DICOM JSON.
    uids
        Of study, series and instance that were asked for.
    """
    told = found[0] if isinstance(found, list) and found else found
    if not isinstance(told, Mapping):
        raise _other()
    tags = {f"{tag_for_keyword(word):08X}" for word in REPEATED}
    try:
        made: Dataset = Dataset.from_json({tag: value for tag, value in told.items() if tag in tags})
        for word in _NEEDED:
            if word not in made:
                setattr(made, word, "")
        same = (made.StudyInstanceUID, made.SeriesInstanceUID, made.SOPInstanceUID) == uids
    except Exception:  # what a stranger's JSON makes pydicom raise
        raise _other() from None
    if not same:
        raise _other()
    return made


def _other() -> RejectedMessage:
    return RejectedMessage("pacs-answer", "PACS", "the instance that was asked for, in DICOM JSON", "something else")


def refused_of(answer: Mapping[str, Any]) -> int:
    """Return how many objects the PACS has not stored."""
    element = answer.get(_FAILED) if isinstance(answer, Mapping) else None
    refused = element.get("Value") if isinstance(element, Mapping) else None
    return len(refused) if isinstance(refused, list) else 0


def in_parts(files: Sequence[bytes]) -> tuple[bytes, str]:
    """Return the body and the content type of a request that stores files."""
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body = b"".join(head + one + b"\r\n" for one in files) + f"--{boundary}--\r\n".encode()
    return body, f'multipart/related; type="application/dicom"; boundary={boundary}'
