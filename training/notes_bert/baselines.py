"""What the network is held against: words counted and weighed (TF-IDF) and logistic regression, and a rule of
keywords.
"""

from __future__ import annotations

import re

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from streams.modalities.notes.mentions import mentions
from training.measures import Floats
from training.notes_bert.conditions import ABOUT, DOCUMENTED, HEADS
from training.notes_bert.notes import Notes

STRENGTH = 10.0
"""Inverse of the penalty; of 1, 10 and 100 the one that served TF-IDF best out of fold."""


def shown(text: str, head: str) -> str:
    """Return what TF-IDF reads for a head: for a disease the text without names of diseases, as the network has it.

    Heads of what a note is about are given the whole text, which the network is not.
    """
    if head in ABOUT:
        return text
    found = mentions(text, tuple(name for one in DOCUMENTED for name in one.names))
    kept, at = [], 0
    for start, end in found:
        kept.append(text[at:start])
        at = end
    return " ".join([*kept, text[at:]])


def tfidf(fitted_on: Notes, asked: Notes) -> dict[str, Floats]:
    """Return probabilities by head, of models that are fitted anew."""
    found = {}
    for k, head in enumerate(HEADS):
        model = make_pipeline(
            TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 1)),
            LogisticRegression(C=STRENGTH, max_iter=2000),
        )
        model.fit([shown(text, head) for text in fitted_on.texts], fitted_on.labels[:, k])
        found[head] = model.predict_proba([shown(text, head) for text in asked.texts])[:, 1]
    return found


KEYWORDS = {
    "cardiovascular": re.compile(
        r"\b(?:heart|cardiac|cardio\w*|coronary|myocardial|angina|chest pain|arrhythmia|atrial|ventric\w*|"
        r"aort\w*|valve|murmur|"
        r"hypertension|palpitations?|dyspnea|lungs?|pulmonary|pneumonia|copd|asthma|respiratory|mi|chf|afib|stent|ecg|ekg)\b",
        re.IGNORECASE,
    ),
}
KEYWORDS["cardiac"] = re.compile(
    r"\b(?:heart|cardiac|cardio\w*|coronary|myocardial|angina|chest pain|arrhythmia|atrial|ventric\w*|aort\w*|"
    r"valve|murmur|"
    r"palpitations?|mi|chf|afib|stent|ecg|ekg)\b",
    re.IGNORECASE,
)


def keywords(text: str, head: str) -> int:
    """Return how often a plain rule finds its words; it knows neither negation nor family."""
    if head in KEYWORDS:
        return len(KEYWORDS[head].findall(text))
    return len(mentions(text, next(one.names for one in DOCUMENTED if one.name == head)))
