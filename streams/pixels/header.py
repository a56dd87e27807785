"""What an instance says of itself, as far as choosing and decoding it need to know; nothing that names a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from streams.pixels import terms

_AGE = re.compile(r"([0-9]{3})([DWMY])")
_DATE = re.compile(r"([0-9]{4})\.?([0-9]{2})\.?([0-9]{2})")
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_DAYS_A_YEAR = 365.25
WORDS = {
    "sop_class": "00080016", "sop_uid": "00080018", "study_uid": "0020000D", "series_uid": "0020000E",
    "modality": "00080060", "intent": "00080068", "photometric": "00280004",
}  # fmt: skip
NUMBERS = {
    "rows": "00280010", "columns": "00280011", "samples": "00280002", "bits": "00280100", "frames": "00280008",
    "number": "00200013",
}  # fmt: skip
"""Attributes that are taken as they stand, by DICOM tag."""
IMAGE_TYPE, BODY_PART, VIEW, LATERALITY = "00080008", "00180015", "00185101", "00200062"
REGION, VIEW_CODE, CODE = "00082218", "00540220", "00080100"
AGE, BIRTH, STUDY_DATE, ORIENTATION = "00101010", "00100030", "00080020", "00200037"
NEEDED = (
    *WORDS.values(), *NUMBERS.values(), IMAGE_TYPE, BODY_PART, VIEW, LATERALITY, REGION, VIEW_CODE, AGE, BIRTH,
    STUDY_DATE, ORIENTATION,
)  # fmt: skip
"""Every tag that `read` looks at."""

Json = Mapping[str, Any]
"""An instance in the DICOM JSON model (PS3.18 F.2): tag to ``{"vr": ..., "Value": [...]}``."""


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """One instance of a study, without its pixels."""

    sop_uid: str = ""
    series_uid: str = ""
    study_uid: str = ""
    sop_class: str = ""
    modality: str = ""
    body_part: str = ""
    """Term of PS3.16 Annex L, e.g. ``CHEST``; empty where not said."""
    view: str = ""
    """``PA``, ``AP``, ``LL``, ``RL``, ``CC``, ...; empty where not said."""
    laterality: str = ""
    age_years: float | None = None
    """When the study was made; None where unknown."""
    rows: int = 0
    columns: int = 0
    samples: int = 1
    bits: int = 0
    frames: int = 1
    number: int = 0
    """Instance Number: the order in the series."""
    intent: str = ""
    """``FOR PRESENTATION`` or ``FOR PROCESSING``; empty where not said."""
    photometric: str = ""
    image_type: tuple[str, ...] = ()
    orientation: tuple[float, ...] = ()
    """Direction cosines of rows and columns (PS3.3 C.7.6.2.1.1); empty where not said."""

    @property
    def raw_bytes(self) -> int:
        """Bytes of its pixels as they are without compression."""
        return self.rows * self.columns * max(self.samples, 1) * max(self.frames, 1) * max(self.bits, 8) // 8


def read(instance: Json) -> Header:
    """Read the header of one instance; what is missing or of another form is left at its default."""
    plain: dict[str, Any] = {name: _text(_one(instance, tag)) for name, tag in WORDS.items()}
    numbers = {name: _number(_one(instance, tag)) for name, tag in NUMBERS.items()}
    plain |= {name: value for name, value in numbers.items() if value}
    return Header(
        **plain,
        body_part=terms.body_part(_text(_one(instance, BODY_PART)), *_codes(instance, REGION)),
        view=terms.view(_text(_one(instance, VIEW)), *_codes(instance, VIEW_CODE)),
        laterality=_text(_one(instance, LATERALITY)),
        age_years=_age(instance),
        image_type=tuple(_text(word) for word in _values(instance, IMAGE_TYPE)),
        orientation=_cosines(instance),
    )


def _values(instance: Json, tag: str) -> list[Any]:
    element = instance.get(tag)
    values = element.get("Value") if isinstance(element, Mapping) else None
    return values if isinstance(values, list) else []


def _one(instance: Json, tag: str) -> Any:
    values = _values(instance, tag)
    return values[0] if values else None


def _text(value: Any) -> str:
    return value.strip()[:64] if isinstance(value, str) else ""


def _number(value: Any) -> int:
    """Return a whole number as JSON has it: IS and US come as numbers or as text."""
    try:
        return max(0, min(int(value), 2**40))
    except (TypeError, ValueError, OverflowError):
        return 0


def _codes(instance: Json, sequence: str) -> list[str]:
    items = [item for item in _values(instance, sequence) if isinstance(item, Mapping)]
    return [code for item in items if (code := _text(_one(item, CODE)))]


def _cosines(instance: Json) -> tuple[float, ...]:
    values = _values(instance, ORIENTATION)
    if len(values) != 6:
        return ()
    try:
        return tuple(float(value) for value in values)
    except (TypeError, ValueError):
        return ()


def _age(instance: Json) -> float | None:
    """Return Patient's Age, else the time from Birth Date to Study Date; an age without unit says nothing."""
    if match := _AGE.fullmatch(_text(_one(instance, AGE))):
        years = int(match[1]) * _YEARS[match[2]]
        if years > 0:
            return years
    born, made = _day(instance, BIRTH), _day(instance, STUDY_DATE)
    return (made - born).days / _DAYS_A_YEAR if born and made and made >= born else None


def _day(instance: Json, tag: str) -> date | None:
    match = _DATE.fullmatch(_text(_one(instance, tag)))
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
