"""The models of images: which picture each is for, and Triton's answer to it."""

from __future__ import annotations

import asyncio
import time

import numpy as np

from streams.errors import ContractError, RetryableError
from streams.inference.breaker import Breaker
from streams.inference.client import Client, UnknownModel
from streams.inference.imaging_manifest import ImagingManifest
from streams.modalities.imaging import Reading, prepare, read, refused, selects
from streams.pixels.header import Header
from streams.pixels.image import Image

_NOBODYS = -1
"""Of no era of a breaker, so that its outcome counts for nothing."""


class ModelAway(RetryableError):
    """A model could not be asked."""

    def __init__(self, model: str, reason: str) -> None:
        self.model, self.reason = model, reason
        super().__init__(f"{reason}: expected an answer of model {model}, received none; the study is tried again")


class Models:
    """Asks the models of the repository about pictures.

    Parameters
    ----------
    specs
        Every model of images.
    client
        `TritonClient`, or what stands for it in tests.
    pause_s
        Seconds that a model which keeps failing is not asked.
    """

    def __init__(self, specs: tuple[ImagingManifest, ...], client: Client, pause_s: float) -> None:
        self.specs, self._client = specs, client
        self._breakers = {spec.name: Breaker(pause_s) for spec in specs}

    def may_take(self, modality: str) -> bool:
        """Tell whether any model is for pictures of a modality."""
        return any(modality.strip().upper() in spec.selection.modalities for spec in self.specs)

    def refuses(self, spec: ImagingManifest, header: Header) -> str:
        """Tell why a model is not for a picture; empty where it is."""
        return selects(spec, header.modality, header.body_part, header.view, header.age_years)

    async def ask(self, spec: ImagingManifest, image: Image) -> Reading:
        """Return what a model says of a picture, or why nothing is to be believed.

        Raises
        ------
        ModelAway
            Where Triton is away, does not serve the model, or it keeps failing.
        """
        prepared = await asyncio.to_thread(prepare, image.values, spec)
        if prepared.reasons:
            return refused(spec, prepared.reasons)
        ticket = self._breakers[spec.name].admit(time.monotonic())
        if ticket is None:
            raise ModelAway(spec.name, "breaker-open")
        ok, breaker = False, self._breakers[spec.name]
        try:
            tensors = {name: np.stack([tensor]) for name, tensor in prepared.tensors.items()}
            outputs = await self._client.infer(spec.name, spec.version, tensors)
            ok = True
        except UnknownModel as error:
            raise ModelAway(spec.name, "unknown-model") from error
        except RetryableError as error:
            raise ModelAway(spec.name, str(getattr(error, "reason", "unavailable"))) from error
        except ContractError:
            ok = True
            return refused(spec, ("contract",))
        except asyncio.CancelledError:
            breaker.abandon(ticket, time.monotonic())
            ticket = _NOBODYS
            raise
        finally:
            breaker.record(ticket, ok, time.monotonic())
        return read(spec, outputs, [prepared.frame])[0]
