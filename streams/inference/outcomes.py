"""What became of one patient's row at the model's door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from numpy.typing import NDArray

from streams.inference.manifest import Manifest

Row = Mapping[str, NDArray[Any]]
"""One patient's tensors by name, without the batch axis."""

Tensors = Mapping[str, NDArray[Any]]
"""One batch: name to array, the batch as its first axis."""
MODEL_OFF = "model-off"


class Value(msgspec.Struct, frozen=True):
    """The model answered within its contract."""

    value: float
    """Calibrated probability 0..1, as the model gave it."""


class Unavailable(msgspec.Struct, frozen=True):
    """The model could not be asked, or did not answer in time."""

    reason: str
    """``unavailable``, ``deadline``, ``queue-full``, ``internal``, ``unknown-model``, ``breaker-open``, `MODEL_OFF`."""

    @property
    def owed(self) -> bool:
        """Whether the patient is to be scored again when the model is back; not where it was marked off."""
        return self.reason != MODEL_OFF


class Contract(msgspec.Struct, frozen=True):
    """The model answered something that its manifest rules out for this row."""

    reason: str
    """``nan``, ``range``, ``shape`` (or a wrong name or type), ``refused`` (it would not take the tensors)."""


Outcome = Value | Unavailable | Contract


class Scorer(Protocol):
    """Whatever scores prepared rows; the worker knows no more of inference than this."""

    async def score(self, spec: Manifest, rows: Sequence[Row]) -> list[Outcome]:
        """Return one outcome per row, in order; raises nothing but cancellation."""

    def would_ask(self, model: str) -> bool:
        """Tell whether a call of `model` made now would go out: the time to pay debts."""

    def is_closed(self, model: str) -> bool:
        """Tell whether calls of `model` go out freely; False while the next one would be a probe."""

    def forget(self, model: str) -> None:
        """Forget how a model has fared: another version of it is asked from now on."""
