"""FHIR times of day to instants.

FHIR R4 2.24.0.1 ``dateTime`` and ``instant``. A time without seconds is taken as the full minute. Fractions are cut to
milliseconds. A leap second (``:60``) is taken as the last millisecond of the minute. ``24:00`` is no FHIR time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from streams.clock import DAY, SECOND, Instant
from streams.errors import ContractError, RejectedMessage

_DATE_TIME = re.compile(
    r"([0-9]{4})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(?:\.[0-9]+)?)?"
    r"(Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
)
_PARTIAL = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = "1800", "2300"
_LEAP = ":59.999"


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """Return the IANA time zone `name`; ContractError where there is none, for the setting is ours."""
    try:
        return ZoneInfo(name)
    except Exception as error:
        raise ContractError(
            f"settings: a source's zone {name!r} is no IANA time zone; write one such as 'Europe/Berlin'"
        ) from error


def instant(text: str, field: str, word: str, zone: str | None) -> Instant:
    """Read a FHIR ``dateTime`` with time of day as milliseconds since the epoch.

    Parameters
    ----------
    text
        The element's value.
    field, word
        Its place and the first word of the reasons it is rejected with.
    zone
        IANA zone of times that name none. Of an hour that a clock change repeats, the first is meant; a time that it
        skips is read with the offset before the change (``fold`` 0, PEP 495), so the answer is always the same.

    Raises
    ------
    RejectedMessage
        ``<word>-precision``, ``-format``, ``-range`` or ``-zone``.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise _unreadable(text, field, word)
    if not _FIRST_YEAR <= match[1] <= _LAST_YEAR:
        raise RejectedMessage(f"{word}-range", field, "a year from 1800 to 2300", "a year outside of that")
    if match[2] is not None and match[2].startswith(":60"):
        text = text[: match.start(2)] + _LEAP + text[match.end(2) :]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RejectedMessage(f"{word}-format", field, "a time that exists", "a date or hour that does not") from None
    if match[3] is None:
        moment = _placed(moment, field, word, zone)
    since = moment - _EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds // 1000


def _placed(moment: datetime, field: str, word: str, zone: str | None) -> datetime:
    if zone is None:
        raise RejectedMessage(
            f"{word}-zone", field, "a time with zone, or a zone in the source's settings", "a time without zone"
        )
    return moment.replace(tzinfo=zone_of(zone))


def _unreadable(text: str, field: str, word: str) -> RejectedMessage:
    if _PARTIAL.fullmatch(text):
        return RejectedMessage(f"{word}-precision", field, "a date with time of day", "a date alone")
    return RejectedMessage(f"{word}-format", field, "a FHIR dateTime such as 2025-03-01T12:00:00Z", "another form")
