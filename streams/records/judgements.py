"""What every model says of an imaging study or a clinical note, whatever it is based on."""

from __future__ import annotations

import msgspec

from streams.records.scores import Status
from streams.records.version import Version


class Judgement(msgspec.Struct, frozen=True, omit_defaults=True):
    """One model's judgement of one piece of slow evidence."""

    model: str
    version: str
    """Of the model."""
    status: Status
    """``unavailable``: the model could not be asked in time; ``indeterminate``: nothing is to be believed."""
    reasons: tuple[str, ...] = ()
    """Machine-readable."""


class Judgements(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is said of one version of a study or a note; of several the highest version stands, and it alone.

    A version that is withdrawn, or of which no model can say anything, has no predictions: whatever was said of a lower
    version is void all the same.
    """

    patient_id: str
    source: str
    resource_id: str
    version: Version
    """Of the resource."""
