"""The models of images: which picture each is for, and Triton's answer to it."""

from __future__ import annotations

import asyncio

import numpy as np

from streams.errors import ContractError
from streams.inference.client import Client
from streams.inference.imaging_manifest import ImagingManifest
from streams.modalities.imaging import Reading, prepare, read, refused, selects
from streams.pixels.header import Header
from streams.pixels.image import Image
from streams.workers.slow.asking import Asking


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
        self.specs = specs
        self._asking = Asking(specs, client, pause_s)

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
        tensors = {name: np.stack([tensor]) for name, tensor in prepared.tensors.items()}
        try:
            outputs = await self._asking.infer(spec, tensors)
        except ContractError:
            return refused(spec, ("contract",))
        return read(spec, outputs, [prepared.frame])[0]
