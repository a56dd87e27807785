from __future__ import annotations

import pytest
from redis.crc import key_slot

from streams.publish import keys


def test_the_keys_of_a_patient() -> None:
    assert keys.latest("pat-1") == "risk:{pat-1}:latest"
    assert keys.history("pat-1") == "risk:{pat-1}:history"


def test_the_key_of_a_wards_ranking_and_the_ward_of_a_key() -> None:
    assert keys.ranking("Süd {2}") == "risk:ward:{Süd {2}}:ranking"
    assert keys.ward_of("risk:ward:{Süd {2}}:ranking") == "Süd {2}"


def test_a_patient_without_a_ward_is_in_the_ranking_of_all_alone() -> None:
    assert keys.rankings("") == ("risk:ranking",)
    assert keys.rankings("North") == ("risk:ranking", "risk:ward:{North}:ranking")


@pytest.mark.parametrize("patient_id", ["pat-1", "1", "a.b-c", "sha-0011", "x" * 64])
def test_the_keys_that_one_script_touches_share_a_hash_slot(patient_id: str) -> None:
    assert key_slot(keys.latest(patient_id).encode()) == key_slot(keys.history(patient_id).encode())
