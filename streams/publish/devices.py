"""The Device and the Provenance of each model version: who judged, and where it comes from."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.clock import Instant, isoformat
from streams.publish.terms import AIAST, BASE, ModelTerms


def device(words: ModelTerms) -> bytes:
    """Write the R4 Device of one model version as JSON; its id is what assessments refer to."""
    resource: dict[str, Any] = {
        "resourceType": "Device",
        "id": words.device_id,
        "identifier": [{"system": f"{BASE}:model", "value": f"{words.model}/{words.version}"}],
        "status": "active",
        "deviceName": [{"name": words.model, "type": "model-name"}],
        "type": {"text": words.outcome},
        "version": [{"value": words.version}],
    }
    if words.sha256:
        resource["version"].append({"type": {"text": "sha256"}, "value": words.sha256})
    return msgspec.json.encode(resource)


def provenance(words: ModelTerms, recorded: Instant) -> bytes:
    """Write the R4 Provenance of one model version as JSON.

    Parameters
    ----------
    recorded
        When this version was installed; handed in, for nothing here reads a clock.
    """
    resource: dict[str, Any] = {
        "resourceType": "Provenance",
        "id": words.device_id,
        "meta": {"security": [AIAST]},
        "target": [{"reference": f"Device/{words.device_id}"}],
        "recorded": isoformat(recorded),
        "agent": [{"who": {"display": "CardioStream"}}],
        "entity": _entities(words),
    }
    return msgspec.json.encode({key: value for key, value in resource.items() if value})


def _entities(words: ModelTerms) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if words.sha256:
        network = {"system": f"{BASE}:sha256", "value": words.sha256}
        found.append({"role": "derivation", "what": {"identifier": network}})
    if words.training_data:
        found.append({"role": "source", "what": {"display": f"Training data: {words.training_data}"}})
    return found
