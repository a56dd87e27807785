"""Between which figures an answer is believed, learned from the training films."""

from __future__ import annotations

import numpy as np

from streams.inference.imaging_manifest import ImagingManifest, Limit
from streams.modalities.imaging.plausibility import figures
from training.answering import Ask
from training.chest_heart_unet.films import Films
from training.imaging.scoring import asked

MARGIN = 0.15
"""Share of the spread from least to greatest that is added at either end."""


def learned_limits(ask: Ask, spec: ImagingManifest, films: Films) -> tuple[Limit, ...]:
    """Return, for every figure, the range it has on `films`, widened by `MARGIN` of it at either end."""
    (output,) = spec.of_kind("outline")
    rows = [figures(output, answers[output.name]) for answers, _ in asked(ask, spec, films.images)]
    found = []
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        widened = MARGIN * (high - low)
        top = 1.0 if name.endswith(("/whole", "/sure")) else round(high + widened, 4)
        found.append(Limit(name, round(low - widened, 4), top))
    return tuple(found)
