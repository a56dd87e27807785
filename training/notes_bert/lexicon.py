"""What word pieces and pairs of neighbours speak for, wherever they stand: logistic regression on their counts in the
note.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from streams.modalities.notes import PreparedNote
from training.measures import Floats
from training.notes_bert.network import PAIRS, WORDS, pair_of

STRENGTH = 10.0
"""Inverse of the penalty."""
FEWEST = 2
"""Notes that a word piece or a pair has to stand in to be heard."""


class Lexicon(NamedTuple):
    """Log odds of word pieces and pairs for one or more heads."""

    table: Floats
    """Shape (word pieces and pairs, heads), to be multiplied with what `counted` returns."""
    intercept: Floats
    """Shape (heads,)."""

    def logits(self, counted: sparse.csr_matrix) -> Floats:
        """Return log odds of notes, shape (notes, heads)."""
        return np.asarray(counted @ self.table + self.intercept, np.float64)


def counted(notes: Sequence[PreparedNote]) -> sparse.csr_matrix:
    """Return what each note's word pieces and pairs of neighbours add up to, shape (notes, word pieces and pairs).

    A word piece counts its share, a pair the geometric mean of both shares, at every place where it stands.
    """
    columns, values = [], []
    for note in notes:
        numbers = np.array([token.number for token in note.tokens], np.int64)
        shares = np.asarray(note.shares, np.float64)
        columns += [numbers, WORDS + pair_of(numbers[:-1], numbers[1:])]
        values += [shares, np.sqrt(shares[:-1] * shares[1:])]
    rows = np.repeat(np.arange(len(columns)) // 2, [len(part) for part in columns])
    return sparse.csr_matrix((np.concatenate(values), (rows, np.concatenate(columns))), (len(notes), WORDS + PAIRS))


def fit_lexicon(found: sparse.csr_matrix, labels: Floats) -> Lexicon:
    """Fit every head on its own; what is rare counts more, as in TF-IDF (Spärck Jones, J Doc 1972;28:11)."""
    stands = np.asarray((found > 0).sum(0)).ravel()
    rarity = np.where(stands >= FEWEST, np.log((1 + found.shape[0]) / (1 + stands)) + 1, 0.0)
    weighed = found @ sparse.diags(rarity)
    seen, back = _within_span(weighed)
    models = [LogisticRegression(C=STRENGTH, max_iter=2000).fit(seen, column) for column in labels.T]
    table = (weighed.T @ (back @ np.stack([model.coef_[0] for model in models], 1))) * rarity[:, None]
    return Lexicon(table, np.array([model.intercept_[0] for model in models]))


def _within_span(weighed: sparse.csr_matrix) -> tuple[Floats, Floats]:
    """Return the notes on as many axes as there are notes, and what leads from axes to weights of notes.

    The penalty keeps a fit among sums of the notes it saw, so that this loses nothing and spares most of the time.
    """
    values, axes = np.linalg.eigh((weighed @ weighed.T).toarray())
    kept = values > values[-1] * 1e-9
    long = np.sqrt(values[kept])
    return axes[:, kept] * long, axes[:, kept] / long
