"""The last word on an id that is not assessed any more: its assessment is cancelled, and who is assessed instead."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from streams.clock import Instant, isoformat
from streams.fusion.rule import KIND
from streams.publish import headers
from streams.publish.identity import resource_id
from streams.publish.terms import AIAST, BASE

REPLACED_BY = f"{BASE}:replaced-by"
"""On the resource: the Patient that is assessed instead of its subject (valueReference)."""
HEADER = "cs_replaced_by"
"""Header: bare id of that Patient; absent on every other record of the topic."""
CE_TYPE = b"cardiostream.risk.retired.v1"
_SEPARATOR = "\x1f"
_MERGED = "This patient record was merged into another, which is assessed instead."
_EMPTIED = "Everything that this patient was assessed by has turned out to be another patient's."


class Retirement(NamedTuple):
    """A patient id that has been merged into another, or all of whose facts turned out to be another's."""

    patient_id: str
    survivor: str
    """Who is assessed instead; empty where the id is not retired but nothing is known of it any more."""
    as_of: Instant
    """Newest clinical time under the id; names the assessment that is cancelled."""

    @property
    def version_id(self) -> str:
        """Digest of who is retired in favour of whom."""
        words = (KIND, "retired", self.patient_id, self.survivor, str(self.as_of))
        return blake2b(_SEPARATOR.join(words).encode(), digest_size=16).hexdigest()


def write(found: Retirement) -> bytes:
    """Write the cancelled R4 RiskAssessment of a retired id as JSON."""
    instead = {"url": REPLACED_BY, "valueReference": {"reference": f"Patient/{found.survivor}"}}
    resource: dict[str, Any] = {
        "resourceType": "RiskAssessment",
        "id": resource_id(found.patient_id, found.as_of),
        "meta": {"versionId": found.version_id, "security": [AIAST]},
        **({"extension": [instead]} if found.survivor else {}),
        "status": "cancelled",
        "subject": {"reference": f"Patient/{found.patient_id}"},
        "occurrenceDateTime": isoformat(found.as_of),
        "note": [{"text": _MERGED if found.survivor else _EMPTIED}],
    }
    return msgspec.json.encode(resource)


def headers_of(found: Retirement, epoch: int) -> headers.Headers:
    """Return the headers of a retirement; those that readers of scores know are there too."""
    return [
        *headers.event(found.version_id, CE_TYPE, found.as_of),
        (headers.EPOCH, b"%d" % epoch),
        (headers.LEVEL, headers.RETIRED),
        (headers.INDEX, b""),
        (headers.AS_OF, b"%d" % found.as_of),
        *([(HEADER, found.survivor.encode())] if found.survivor else []),
    ]
