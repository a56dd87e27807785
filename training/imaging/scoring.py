"""Pictures of a folder scored as in serving: feature function, exported file or Triton, reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from streams.inference.imaging_manifest import ImagingManifest
from streams.modalities.imaging import Prepared, Reading, prepare, read, refused, stack
from training.answering import Ask, answers

Pictures = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]


def readings(ask: Ask, spec: ImagingManifest, pictures: Pictures) -> list[Reading]:
    """Return one reading per picture, in order; what cannot be used is refused as in serving.

    Raises
    ------
    ContractError
        Where an answer breaks the manifest's contract.
    """
    return [reading for _, reading in asked(ask, spec, pictures)]


def asked(
    ask: Ask, spec: ImagingManifest, pictures: Pictures
) -> Iterator[tuple[dict[str, NDArray[np.float32]], Reading]]:
    """Yield each picture's outputs by name (empty where the model is not asked) and its reading."""
    for start in range(0, len(pictures), spec.max_batch):
        part = [prepare(np.asarray(p, np.float32), spec) for p in pictures[start : start + spec.max_batch]]
        told = iter(_told(ask, spec, [one for one in part if not one.reasons]))
        for one in part:
            yield ({}, refused(spec, one.reasons)) if one.reasons else next(told)


def _told(
    ask: Ask, spec: ImagingManifest, usable: list[Prepared]
) -> list[tuple[dict[str, NDArray[np.float32]], Reading]]:
    if not usable:
        return []
    found = answers(ask, spec, [stack(usable)])
    read_back = read(spec, found, [one.frame for one in usable])
    return [({name: values[k] for name, values in found.items()}, r) for k, r in enumerate(read_back)]
