"""Code systems and fixed terms of the FHIR that we write."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from streams.clock import SECOND
from streams.inference.manifest import Manifest
from streams.records import Level
from streams.scoring.news2 import FRESH_MS, PHYSIOLOGY

BASE = "urn:cardiostream:fhir"
"""Our own code systems and extensions are named below it; the meaning of each stands in this module."""
LEVELS = f"{BASE}:risk-level"
METHODS = f"{BASE}:method"
INDEX = f"{BASE}:risk-index"
"""On the prediction for the whole: the index 0..100 (valueDecimal), which is not a probability."""
CONTRIBUTION = f"{BASE}:contribution"
"""On a prediction, for each part of it: ``name`` (modality, or code of the quantity), ``model``, ``size``, ``unit``
(log-odds or points); of a modality also ``evidence``, in log-odds before its weight and bounds. In words: rationale."""
HELD = f"{BASE}:held-by-news2"
"""On the prediction for the whole: without NEWS2's own level it would be lower (valueBoolean); absent means false."""
CONFLICT = f"{BASE}:conflict"
"""On the prediction for the whole: the modalities that pull apart, ``raises`` and ``lowers`` (valueString)."""
MISSING = f"{BASE}:missing-modality"
"""On the prediction for the whole: a modality of the rule of which there is no evidence (valueString)."""
WOULD_CHANGE = f"{BASE}:would-change"
"""On the prediction for the whole: the ``level`` (valueCode) that another ``value`` of one ``model`` would lead to, and
the modality's ``name``. In words: rationale."""
MODEL = f"{BASE}:model-prediction"
"""On a model's prediction: model, version, status, mode, device, reasons, and the value in the model's own unit; of
images also the study (valueReference), the finding, and the unit where the value is a measure (UCUM)."""
BASIS_COUNT = f"{BASE}:basis-count"
"""On the resource: how many facts were used, listed in ``basis`` or not (valueInteger)."""
BASIS_REST = f"{BASE}:basis-rest"
"""On the resource: how many of them are not listed (valueInteger); absent where all are."""
STALE = f"{BASE}:stale"
"""On the resource: nothing new for longer than the site allows (valueBoolean); absent means false."""
SILENT = f"{BASE}:silent"
"""On the resource: nothing new for so long that no level stands (valueBoolean); absent means false."""
DEGRADED = f"{BASE}:degraded"
"""On the resource: a learned model could not be asked (valueBoolean); absent means false."""
REASON = f"{BASE}:reason"
"""On the resource: ``<model>:<reason>`` of each prediction that is not ok (valueString)."""
LOCATION = f"{BASE}:location"
"""On the resource: ``ward`` and ``bed`` (valueString) where the patient lies; absent where unknown or discharged."""
AIAST = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}
PROBABILITY = "http://terminology.hl7.org/CodeSystem/risk-probability"
_QUALITATIVE = {"low": "low", "medium": "moderate", "high": "high"}
_WORDS: dict[Level, str] = {
    "low": "Low",
    "low-medium": "Low-medium",
    "medium": "Medium",
    "high": "High",
    "indeterminate": "Indeterminate",
}


class ModelTerms(msgspec.Struct, frozen=True):
    """One model version in words and time, as FHIR readers see it."""

    model: str
    version: str
    outcome: str
    """What is foretold, in clinical words."""
    probability: bool
    """Whether its value is a probability; else a score."""
    horizon_s: float | None = None
    """Seconds from ``as_of`` that the outcome is foretold for; None where it has no fixed end."""
    sha256: str = ""
    """Hex digest of the network; empty where there is none."""
    training_data: str = ""
    fresh_s: tuple[tuple[str, float], ...] = ()
    """Code of each quantity that it cannot do without, and the oldest that the newest value may be, in seconds."""
    least: str = ""
    """The least input in words."""

    @property
    def device_id(self) -> str:
        """Return the id of its Device, within R4's id type (no underscore, at most 64 characters)."""
        return f"{self.model}-{self.version}".replace("_", "-")[:64]


NEWS2_TERMS = ModelTerms(
    "news2",
    "2017",
    "Acute illness severity, National Early Warning Score 2 (RCP 2017)",
    probability=False,
    fresh_s=tuple((code, FRESH_MS / SECOND) for code in PHYSIOLOGY),
)


@cache
def fusion_terms(version: str) -> ModelTerms:
    """Return the words for the whole, under one version of the rule that it is fused by (`RiskScore.fusion`)."""
    return ModelTerms("cardiostream", version, "Overall risk level, fused from all models", False)


def terms_of(spec: Manifest, horizon_s: float | None = None) -> ModelTerms:
    """Return the words for the learned model of a manifest."""
    window_s = float(spec.window.bins * spec.window.bin_s)
    return ModelTerms(
        spec.name,
        spec.version,
        spec.target,
        True,
        horizon_s,
        spec.onnx.sha256,
        spec.training.data,
        tuple((one.code, min(one.fresh_s, window_s)) for one in spec.inputs if one.required),
        f"{spec.sufficiency.min_facts} of {spec.sufficiency.min_codes} kinds in {window_s / 3600:g} h",
    )


def qualitative(level: Level) -> dict[str, Any]:
    """Return a level as a CodeableConcept: our code, and HL7's risk-probability where it means the same."""
    return _CONCEPTS[level]


def _concept(level: Level) -> dict[str, Any]:
    coding = [{"system": LEVELS, "code": level, "display": _WORDS[level]}]
    if level in _QUALITATIVE:
        coding.append({"system": PROBABILITY, "code": _QUALITATIVE[level]})
    return {"coding": coding, "text": _WORDS[level]}


_CONCEPTS: dict[Level, dict[str, Any]] = {level: _concept(level) for level in _WORDS}
