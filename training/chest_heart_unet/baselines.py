"""What the network is held against: the five training films that look most alike."""

from __future__ import annotations

import numpy as np

from training.chest_heart_unet.figures import Answers
from training.chest_heart_unet.films import Bytes, Films
from training.measures import Floats

NEAREST = 5
STEP = 8


def nearest(films: Films, known: Films) -> Answers:
    """Return the vote of the nearest films' label maps, and the mean of their ratios."""
    mine, theirs = _looks(films.images), _looks(known.images)
    order = np.argsort(-(mine @ theirs.T), axis=1, kind="stable")[:, :NEAREST]
    labels = np.stack([_vote(known.masks[near]) for near in order])
    return Answers(labels, known.ratio[order].mean(1).astype(np.float64))


def _vote(masks: Bytes) -> Bytes:
    """Return the class that most films have at each place; of a draw the lower."""
    shares = np.stack([(masks == k).mean(0) for k in range(4)])
    return np.asarray(shares.argmax(0), np.uint8)


def _looks(images: Bytes) -> Floats:
    """Return each film at an eighth of its size, of mean 0 and length 1, so that products are correlations."""
    n, rows, columns = images.shape
    small = images.reshape(n, rows // STEP, STEP, columns // STEP, STEP).mean((2, 4)).reshape(n, -1)
    centred = small - small.mean(1, keepdims=True)
    return np.asarray(centred / np.linalg.norm(centred, axis=1, keepdims=True), np.float64)
