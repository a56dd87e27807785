"""The exceptions of CardioStream.

* CardioStreamError
    * RejectedMessage: this input can never be used; it becomes a dead letter.
    * RetryableError: the other side is away for now; back off and try again.
    * ContractError: our own topics, state, models or settings are not as declared; the worker stops.

No message of theirs ever carries a patient identifier or a payload.
"""

from __future__ import annotations


class CardioStreamError(Exception):
    """Base of all errors raised on purpose by this package."""


class RejectedMessage(CardioStreamError):
    """An input that can never be scored, told so that the sender can mend it.

    Parameters
    ----------
    reason
        Short machine-readable word, e.g. ``no-subject``; counters and dead letters are grouped by it.
    field
        FHIRPath-like place in the message, e.g. ``Observation.subject``.
    expected, received
        What was expected there and what kind of thing came; never the patient's own value.
    """

    def __init__(self, reason: str, field: str = "", expected: str = "", received: str = "") -> None:
        self.reason, self.field, self.expected, self.received = reason, field, expected, received
        place = f" at {field}" if field else ""
        super().__init__(f"{reason}{place}: expected {expected or 'usable input'}, received {received or 'none'}")


class RetryableError(CardioStreamError):
    """A service that is away for now; the work is kept and tried again with a pause."""


class ContractError(CardioStreamError):
    """Something of our own is not as declared; going on would spoil the clinical record."""
