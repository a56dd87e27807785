"""Which instance of a study a model is to see: by modality, body part and view; no guess is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from streams.pixels.header import Header

Refuses = Callable[[Header], str]
"""Tells why a model is not for a picture; empty where it is."""
_NOT_TAKEN = frozenset({"LOCALIZER", "SECONDARY"})
"""Values of Image Type (0008,0008) of pictures that were drawn from others, or only show where the others lie."""
_ORDER = ("modality", "body-part", "view", "age")
"""What is asked first; of several refusals the one that came furthest says most."""
NO_IMAGE = "no-image"


def choose(headers: Sequence[Header], refuses: Refuses) -> tuple[Header | None, str]:
    """Return the instance that a model is to see, or why there is none.

    Of several that would do: one for presentation before one for processing, then of a film the latest exposure, of
    sections the one in the middle of the longest series.

    Returns
    -------
    header
        None where no instance will do.
    reason
        Empty, ``no-image``, or the refusal that came furthest.
    """
    pictures = [one for one in headers if one.rows and one.columns and not _is_drawn(one)]
    refusals = [(one, refuses(one)) for one in pictures]
    taken = [one for one, reason in refusals if not reason]
    if taken:
        return _best(taken), ""
    return None, _furthest(reason for _, reason in refusals)


def _best(taken: Sequence[Header]) -> Header:
    shown = [one for one in taken if one.intent != "FOR PROCESSING"] or list(taken)
    series = _longest_series(shown)
    ordered = sorted(series, key=lambda one: (one.number, one.sop_uid))
    return ordered[len(ordered) // 2] if is_sections(ordered[0]) else ordered[-1]


def _longest_series(taken: Sequence[Header]) -> list[Header]:
    by_series: dict[str, list[Header]] = {}
    for one in taken:
        by_series.setdefault(one.series_uid, []).append(one)
    if not any(is_sections(one) for one in taken):
        return list(taken)
    return max(by_series.values(), key=lambda group: (len(group), group[0].series_uid))


def is_sections(one: Header) -> bool:
    """Tell whether an instance is one of many sections through the body."""
    return one.modality in {"CT", "MR", "PT"}


def _is_drawn(one: Header) -> bool:
    """Tell whether a picture was drawn from others or shows where they lie; of CT, whatever is not axial."""
    return bool(_NOT_TAKEN & set(one.image_type)) or (one.modality == "CT" and not _may_be_axial(one))


def _may_be_axial(one: Header) -> bool:
    """Tell whether rows run across the patient and columns to the back (PS3.3 C.7.6.2.1.1), within 20 degrees.

    A gantry may be tilted by so much; a section that does not say how it lies counts as axial, as CT is taken.
    """
    if len(one.orientation) != 6:
        return True
    return abs(one.orientation[0]) > _COS_20 and abs(one.orientation[4]) > _COS_20


_COS_20 = 0.94


def _furthest(reasons: Iterable[str]) -> str:
    found = [reason for reason in reasons if reason]
    return max(found, key=_how_far, default=NO_IMAGE)


def _how_far(reason: str) -> int:
    return next((place for place, word in enumerate(_ORDER) if reason.startswith(word)), len(_ORDER))
