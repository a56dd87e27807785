from __future__ import annotations

import json

from fhir.resources.R4B.device import Device
from fhir.resources.R4B.provenance import Provenance

from streams.fusion.rule import DEFAULT
from streams.inference.fake import SPEC
from streams.publish.devices import device, provenance
from streams.publish.terms import NEWS2_TERMS, ModelTerms, fusion_terms, terms_of

ALL = [terms_of(SPEC), NEWS2_TERMS, fusion_terms(DEFAULT.version)]
# hl7.org/fhir/R4/valueset-device-status.html, -device-nametype.html and -provenance-entity-role.html, all required
DEVICE_STATUS = {"active", "inactive", "entered-in-error", "unknown"}
DEVICE_NAME = {
    "udi-label-name", "user-friendly-name", "patient-reported-name", "manufacturer-name", "model-name", "other",
}  # fmt: skip
ENTITY_ROLE = {"derivation", "revision", "quotation", "source", "removal"}


def test_every_device_is_read_back_and_keeps_the_required_bindings() -> None:
    for words in ALL:
        found = json.loads(device(words))
        Device.model_validate(found)
        assert found["status"] in DEVICE_STATUS
        assert found["deviceName"][0]["type"] in DEVICE_NAME


def test_a_learned_models_device_names_its_network() -> None:
    found = json.loads(device(terms_of(SPEC)))
    assert found["id"] == "deterioration-gru-1"
    assert found["version"] == [{"value": "1"}, {"type": {"text": "sha256"}, "value": "0" * 64}]


def test_every_provenance_is_read_back_and_points_at_its_device() -> None:
    for words in ALL:
        found = json.loads(provenance(words, 1_700_000_000_000))
        Provenance.model_validate(found)
        assert found["target"] == [{"reference": f"Device/{words.device_id}"}]
        assert found["recorded"] == "2023-11-14T22:13:20Z"
        assert all(entity["role"] in ENTITY_ROLE for entity in found.get("entity", []))


def test_a_device_id_is_an_r4_id_whatever_the_models_name() -> None:
    assert ModelTerms("a_b" * 40, "1", "x", True).device_id == ("a-b" * 40)[:64]
