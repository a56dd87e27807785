"""What single word pieces speak for, whatever stands around them: logistic regression on their counts in the note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from streams.modalities.notes import PreparedNote
from training.measures import Floats
from training.notes_bert.network import WORDS

STRENGTH = 10.0
"""Inverse of the penalty."""
FEWEST = 2
"""Notes that a word piece has to stand in to be heard."""


class Lexicon(NamedTuple):
    """Log odds of word pieces for one or more heads."""

    table: Floats
    """Shape (word pieces, heads), to be multiplied with a word piece's share and summed over the note."""
    intercept: Floats
    """Shape (heads,)."""

    def logits(self, counted: sparse.csr_matrix) -> Floats:
        """Return log odds of notes, shape (notes, heads)."""
        return np.asarray(counted @ self.table + self.intercept, np.float64)


def counted(notes: Sequence[PreparedNote]) -> sparse.csr_matrix:
    """Return each note's word pieces with the sum of their shares, shape (notes, word pieces)."""
    rows, columns, values = [], [], []
    for k, note in enumerate(notes):
        for token, share in zip(note.tokens, note.shares.tolist(), strict=True):
            rows.append(k)
            columns.append(token.number)
            values.append(share)
    return sparse.csr_matrix((values, (rows, columns)), (len(notes), WORDS))


def fit_lexicon(found: sparse.csr_matrix, labels: Floats) -> Lexicon:
    """Fit every head on its own; rare words count more, as in TF-IDF (Spärck Jones, J Doc 1972;28:11)."""
    stands = np.asarray((found > 0).sum(0)).ravel()
    rarity = np.where(stands >= FEWEST, np.log((1 + found.shape[0]) / (1 + stands)) + 1, 0.0)
    weighed = found @ sparse.diags(rarity)
    models = [LogisticRegression(C=STRENGTH, max_iter=2000).fit(weighed, column) for column in labels.T]
    table = np.stack([model.coef_[0] * rarity for model in models], 1)
    return Lexicon(table, np.array([model.intercept_[0] for model in models]))
