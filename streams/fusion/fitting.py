"""A site's own weights: logistic regression on what the modalities said, held near the expert priors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.errors import ContractError
from streams.fusion.rule import Term

Floats = NDArray[np.float64]

DOUBT = 0.5
"""Standard deviation of an expert's weight: how far one is taken to be off before data speak."""
MOST = 3.0
"""Largest weight."""
LEAST_PATIENTS = 30
"""With evidence of one modality; below, its expert weight stays."""
LEAST_PER_WEIGHT = 10
"""Patients with and without the outcome for each weight that is fitted (Peduzzi et al. 1996)."""
DRAWS = 400
_STEPS, _SMALL = 60, 1e-7


class Rows(NamedTuple):
    """One row for each score with a known outcome."""

    patient: NDArray[np.int64]
    """Shape (n,); number of the patient, from 0 without gaps."""
    outcome: Floats
    """Shape (n,); 0 or 1, the same for all rows of a patient."""
    evidence: Floats
    """Shape (n, modalities), log-odds before weight and bounds; 0 where ``known`` is False."""
    known: NDArray[np.bool_]
    """Shape (n, modalities)."""


class Fitted(NamedTuple):
    """Weights with their intervals, in the order of the terms; None where the expert weight stays."""

    weights: tuple[float, ...]
    intervals: tuple[tuple[float, float] | None, ...]
    intercept: float
    """Log-odds of the outcome where nothing speaks either way; said, not used: index 50 stays the middle."""
    patients: int
    outcomes: int


def fit(rows: Rows, terms: Sequence[Term], *, draws: int = DRAWS, seed: int = 0) -> Fitted:
    """Fit the weights of those modalities of which there is enough, by penalised maximum likelihood.

    The model is the pool itself: outcome ~ sigmoid(intercept + sum of bounded contributions); the bounds, priors,
    anchors and half-lives stay as they are, NEWS2's floor and the ceilings are no part of it. Every patient counts as
    one, however many scores there are. The penalty is a normal prior around each expert's weight (`DOUBT`). Intervals
    are 95 % percentiles of a bootstrap by patient.

    Raises
    ------
    ContractError
        Where there are too few patients with or without the outcome, or nothing to fit.
    """
    patients = int(rows.patient.max(initial=-1)) + 1
    first = np.unique(rows.patient, return_index=True)[1]
    outcomes = int(rows.outcome[first].sum())
    seen = [len(np.unique(rows.patient[rows.known[:, k]])) for k in range(len(terms))]
    free = [k for k, count in enumerate(seen) if count >= LEAST_PATIENTS and terms[k].weight > 0]
    _check(patients, outcomes, len(free))
    problem = _Problem(rows, [terms[k] for k in free], free)
    share = 1.0 / np.bincount(rows.patient, minlength=patients)[rows.patient]
    best = problem.solve(share)
    random = np.random.default_rng(seed)
    drawn = np.stack([problem.solve(share * _times(random, patients)[rows.patient], best) for _ in range(draws)])
    low, high = np.percentile(drawn[:, 1:], [2.5, 97.5], axis=0)
    place = {k: n for n, k in enumerate(free)}
    return Fitted(
        tuple(float(best[1 + place[k]]) if k in place else term.weight for k, term in enumerate(terms)),
        tuple((float(low[place[k]]), float(high[place[k]])) if k in place else None for k in range(len(terms))),
        float(best[0]),
        patients,
        outcomes,
    )


def _check(patients: int, outcomes: int, weights: int) -> None:
    least = LEAST_PER_WEIGHT * max(weights, 1)
    if not weights:
        raise ContractError(
            f"fit: expected {LEAST_PATIENTS} patients or more with evidence of one modality, received fewer of each; "
            "collect more scores, or keep the expert priors"
        )
    if min(outcomes, patients - outcomes) < least:
        raise ContractError(
            f"fit: too little data for {weights} weights: expected at least {least} patients with and {least} without "
            f"the outcome, received {outcomes} and {patients - outcomes}; keep the expert priors until there are more"
        )


def _times(random: np.random.Generator, patients: int) -> Floats:
    return random.multinomial(patients, np.full(patients, 1.0 / patients)).astype(np.float64)


class _Problem:
    """The penalised likelihood of intercept and free weights; the others' contributions are 0 or of fixed weight."""

    def __init__(self, rows: Rows, terms: Sequence[Term], free: Sequence[int]) -> None:
        self._evidence = np.where(rows.known, rows.evidence, 0.0)[:, list(free)]
        up, down = np.array([term.up for term in terms]), np.array([term.down for term in terms])
        self._bound = np.where(self._evidence > 0, up, down)
        self._outcome = rows.outcome
        self._expert = np.array([0.0, *(term.weight for term in terms)])
        self._penalty = np.array([0.0, *(1.0 / DOUBT**2 for _ in terms)])

    def solve(self, share: Floats, start: Floats | None = None) -> Floats:
        """Return intercept and weights, by Fisher scoring with halved steps."""
        found = self._expert.copy() if start is None else start.copy()
        loss = self._loss(found, share)
        for _ in range(_STEPS):
            step, size = self._step(found, share), 1.0
            while True:
                tried = found + size * step
                tried[1:] = tried[1:].clip(0.0, MOST)
                after = self._loss(tried, share)
                if after <= loss or size < 1e-4:
                    break
                size /= 2
            if loss - after < _SMALL:
                return tried if after <= loss else found
            found, loss = tried, after
        return found

    def _pooled(self, found: Floats) -> tuple[Floats, Floats]:
        """Return the log-odds, shape (n,), and their slopes by intercept and weights, shape (n, 1 + weights)."""
        bound = np.where(self._bound > 0, self._bound, 1.0)
        bent = np.where(self._bound > 0, np.tanh(found[1:] * self._evidence / bound), 0.0)
        slopes = np.where(self._bound > 0, self._evidence * (1.0 - bent**2), 0.0)
        return found[0] + (bound * bent).sum(axis=1), np.column_stack([np.ones(len(slopes)), slopes])

    def _loss(self, found: Floats, share: Floats) -> float:
        log_odds, _ = self._pooled(found)
        likelihood = share @ (self._outcome * log_odds - np.logaddexp(0.0, log_odds))
        return float(0.5 * self._penalty @ (found - self._expert) ** 2 - likelihood)

    def _step(self, found: Floats, share: Floats) -> Floats:
        log_odds, slopes = self._pooled(found)
        expected = 0.5 * (1.0 + np.tanh(0.5 * log_odds))
        pull = slopes.T @ (share * (self._outcome - expected)) - self._penalty * (found - self._expert)
        spread = share * expected * (1.0 - expected)
        curve = (slopes * spread[:, None]).T @ slopes + np.diag(self._penalty + 1e-9)
        step: Floats = np.linalg.solve(curve, pull)
        return step
