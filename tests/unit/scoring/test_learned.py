from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streams.inference.fake import SPEC
from streams.inference.outcomes import Contract, Unavailable, Value
from streams.modalities.vitals import Prepared
from streams.records import InputUsed
from streams.scoring.learned import insufficient, learned
from streams.timeline.series import Snapshot, series_of

SNAPSHOT = Snapshot("p", 1_700_000_000_000, series_of([]), "", "", "", False, (), 0)
INPUTS = (InputUsed("8867-4", 3, 60.0),)
ENOUGH: Any = Prepared({"values": np.zeros((2, 1), np.float32)}, INPUTS, ())
TOO_LITTLE = Prepared(ENOUGH.tensors, INPUTS, ("missing:9279-1", "too-few"))


@pytest.mark.parametrize(
    ("probability", "level"), [(0.0, "low"), (0.199, "low"), (0.2, "medium"), (0.5, "high"), (1.0, "high")]
)
def test_an_answer_takes_the_level_of_the_manifest(probability: float, level: str) -> None:
    found = learned(SNAPSHOT, ENOUGH, Value(probability), SPEC)
    assert (found.status, found.value, found.level, found.reasons) == ("ok", probability, level, ())


def test_it_says_who_judged_and_on_what() -> None:
    found = learned(SNAPSHOT, ENOUGH, Value(0.3), SPEC)
    assert (found.model, found.version, found.as_of, found.inputs) == ("deterioration_gru", "1", SNAPSHOT.as_of, INPUTS)


def test_no_answer_is_unavailable_with_its_reason() -> None:
    found = learned(SNAPSHOT, ENOUGH, Unavailable("breaker-open"), SPEC)
    assert (found.status, found.value, found.level) == ("unavailable", None, "indeterminate")
    assert found.reasons == ("breaker-open",)


def test_an_answer_outside_the_contract_is_indeterminate() -> None:
    found = learned(SNAPSHOT, ENOUGH, Contract("nan"), SPEC)
    assert (found.status, found.value, found.level) == ("indeterminate", None, "indeterminate")
    assert found.reasons == ("contract:nan",)


def test_too_little_input_is_indeterminate_with_what_is_missing() -> None:
    found = insufficient(SNAPSHOT, TOO_LITTLE, SPEC)
    assert (found.status, found.value, found.reasons) == ("indeterminate", None, ("missing:9279-1", "too-few"))


def test_too_little_input_is_not_believed_even_where_a_model_answered() -> None:
    assert learned(SNAPSHOT, TOO_LITTLE, Value(0.9), SPEC) == insufficient(SNAPSHOT, TOO_LITTLE, SPEC)
