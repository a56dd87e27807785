"""Questions of slow work to models, one breaker for each: who keeps failing is left alone for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from streams.errors import ContractError, RetryableError
from streams.inference.breaker import Breaker
from streams.inference.client import Client, UnknownModel
from streams.inference.declared import Declared
from streams.inference.outcomes import Tensors

_NOBODYS = -1
"""Of no era of a breaker, so that its outcome counts for nothing."""


class ModelAway(RetryableError):
    """A model could not be asked."""

    def __init__(self, model: str, reason: str) -> None:
        self.model, self.reason = model, reason
        super().__init__(f"{reason}: expected an answer of model {model}, received none; it is asked again")


class Asking:
    """Asks models through Triton.

    Parameters
    ----------
    specs
        Every model that may be asked.
    client
        `TritonClient`, or what stands for it in tests.
    pause_s
        Seconds that a model which keeps failing is not asked.
    """

    def __init__(self, specs: Iterable[Declared], client: Client, pause_s: float) -> None:
        self._client = client
        self._breakers = {spec.name: Breaker(pause_s) for spec in specs}

    async def infer(self, spec: Declared, tensors: Tensors) -> dict[str, NDArray[Any]]:
        """Return a model's answer to one call.

        Raises
        ------
        ModelAway
            Where Triton is away, does not serve the model, or it keeps failing.
        ContractError
            Where it refuses the tensors.
        """
        breaker = self._breakers[spec.name]
        ticket = breaker.admit(time.monotonic())
        if ticket is None:
            raise ModelAway(spec.name, "breaker-open")
        ok = False
        try:
            outputs = await self._client.infer(spec.name, spec.version, tensors)
            ok = True
        except UnknownModel as error:
            raise ModelAway(spec.name, "unknown-model") from error
        except RetryableError as error:
            raise ModelAway(spec.name, str(getattr(error, "reason", "unavailable"))) from error
        except ContractError:
            ok = True
            raise
        except asyncio.CancelledError:
            breaker.abandon(ticket, time.monotonic())
            ticket = _NOBODYS
            raise
        finally:
            breaker.record(ticket, ok, time.monotonic())
        return outputs
