"""Whether a model is for a picture, by plain facts; no guess is made."""

from __future__ import annotations

from streams.inference.imaging_manifest import ImagingManifest, Selection
from streams.records import AGE_UNKNOWN


def selects(manifest: ImagingManifest, modality: str, body_part: str, view: str, age_years: float | None) -> str:
    """Tell why a model is not for a picture; empty where it is.

    Parameters
    ----------
    modality, body_part, view
        DICOM (0008,0060), (0018,0015), (0018,5101) as text in any case; empty where not said.
    age_years
        The patient's age when the picture was taken; None where unknown.

    Returns
    -------
    str
        ``modality``, ``body-part``, ``body-part:unknown``, ``view``, ``view:unknown``, ``age`` or ``age:unknown``,
        the first that applies. It never holds what came, so it may be logged and counted.
    """
    chosen = manifest.selection
    if _plain(modality) not in chosen.modalities:
        return "modality"
    return (
        _named("body-part", body_part, chosen.body_parts, chosen.unknown_body_part == "accept")
        or _named("view", view, chosen.views, chosen.unknown_view == "accept")
        or _aged(chosen, age_years)
    )


def unchecked(manifest: ImagingManifest, age_years: float | None) -> tuple[str, ...]:
    """Return what could not be checked of a picture that a model takes all the same; to be said with its answer.

    Returns
    -------
    tuple of str
        ``age:unknown`` where the model is for certain ages and the picture does not say one; else empty.
    """
    chosen = manifest.selection
    bounded = chosen.min_age_years > 0 or chosen.max_age_years < float("inf")
    return (AGE_UNKNOWN,) if bounded and age_years is None else ()


def _named(field: str, came: str, wanted: tuple[str, ...], unknown_is_fine: bool) -> str:
    if not wanted:
        return ""
    if not _plain(came):
        return "" if unknown_is_fine else f"{field}:unknown"
    return "" if _plain(came) in wanted else field


def _aged(chosen: Selection, age_years: float | None) -> str:
    if age_years is None:
        return "" if chosen.unknown_age == "accept" else AGE_UNKNOWN
    return "" if chosen.min_age_years <= age_years < chosen.max_age_years else "age"


def _plain(text: str) -> str:
    return text.strip().upper()
