"""Structured logging to standard error: one line per record, ``key=value`` or JSON; never patient data."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import Any, Literal

from streams.clock import isoformat
from streams.errors import CardioStreamError

Format = Literal["text", "json"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_CHATTY = {
    # kafka-python calls every connection that it closes an error; who cannot reach the broker says so himself.
    "kafka.net": logging.CRITICAL,
    "kafka": logging.ERROR,
    "aiokafka": logging.ERROR,
    "asyncio": logging.WARNING,
    "faust": logging.WARNING,
    # These name studies and quote values of files.
    "dicomweb_client": logging.CRITICAL,
    "pydicom": logging.CRITICAL,
    "urllib3": logging.CRITICAL,
    # These may quote what they look for identities in.
    "presidio-analyzer": logging.CRITICAL,
    "presidio-anonymizer": logging.CRITICAL,
    "spacy": logging.CRITICAL,
    "py.warnings": logging.CRITICAL,
}
"""Libraries whose information messages are for their developers, or say what must not be said."""


class LineFormatter(logging.Formatter):
    """Writes a record and its ``extra`` fields on one line.

    Line breaks are escaped in both formats, so that no message can forge a second record.
    """

    def __init__(self, form: Format = "text") -> None:
        super().__init__()
        self.form = form

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        fields = self._fields(record)
        if self.form == "json":
            return json.dumps(fields, ensure_ascii=True, default=str)
        return " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "at": isoformat(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = where_it_failed(record.exc_info[1])
        return fields


def where_it_failed(error: BaseException) -> str:
    """Say an exception's type and place; its text only where it is one of ours, as others may quote a payload."""
    frames = traceback.extract_tb(error.__traceback__)
    place = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames[-5:]))
    text = f": {error}" if isinstance(error, CardioStreamError) else ""
    return f"{type(error).__name__}{text} at {place or 'unknown place'}"


def _quoted(value: object) -> str:
    text = str(value)
    plain = text and text.isprintable() and not any(sign in text for sign in ' "=\\')
    return text if plain else json.dumps(text, ensure_ascii=True)


def configure(level: str = "info", form: Format = "text") -> None:
    """Send every log record of this process to standard error, one line each.

    Parameters
    ----------
    level
        Least severity written: ``debug``, ``info``, ``warning`` or ``error``.
    form
        ``text`` for people and logfmt readers, ``json`` for log collectors.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(form))
    # What Python warns of may quote what it stumbled over.
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, floor in _CHATTY.items():
        logging.getLogger(name).setLevel(max(floor, root.level))
