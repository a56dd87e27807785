"""One patient explained: the whole, NEWS2's points, and the network asked without each quantity."""

from __future__ import annotations

import pytest

from streams.inference.batches import Batches
from streams.inference.fake import FakeClient
from streams.modes.standing import EVERYTHING
from streams.records import Measure
from streams.verify.explained_words import groups, lines
from streams.verify.explaining import AT_ONCE, Explained, explained_case
from streams.workers.serving import serving_of
from tests.unit.workers.fakes import MODEL_REPOSITORY, START, vitals
from tests.unit.workers.test_assessment import ENOUGH, ONE_PULSE, SPEC, case

SERVING = serving_of(MODEL_REPOSITORY, EVERYTHING, SPEC)
VALUES = {"9279-1": 26.0, "2708-6": 93.0, "8480-6": 95.0, "8867-4": 80.0, "8310-5": 37.0}
ILL = vitals(at=START, measures=tuple(Measure(code, code, value) for code, value in VALUES.items()))


async def explained(*observations: object) -> tuple[Explained, FakeClient]:
    client = FakeClient(SPEC.output.name)
    asked = Batches(client, max_batch=AT_ONCE, calls_in_flight=1, breaker_pause_s=1.0)
    return await explained_case(case(*observations), SPEC, asked, SERVING), client  # type: ignore[arg-type]


async def test_every_quantity_is_left_out_once_in_calls_of_at_most_sixteen_rows() -> None:
    found, client = await explained(*ENOUGH)
    assert client.calls[0] == 1
    assert max(client.calls) <= AT_ONCE
    assert sum(client.calls[1:]) == len(found.features)
    assert {"8867-4", "8480-6", "9279-1"} <= {one.name for one in found.features}
    assert found.remark == ""


async def test_the_same_facts_are_explained_the_same() -> None:
    assert (await explained(*ENOUGH))[0] == (await explained(*ENOUGH))[0]


async def test_too_little_input_is_said_and_the_model_is_not_asked() -> None:
    found, client = await explained(ONE_PULSE)
    assert (client.calls, found.features) == ([], ())
    assert found.remark == "deterioration_gru gave no answer: its input does not suffice"


async def test_all_three_are_printed_under_their_titles() -> None:
    found, _ = await explained(ILL)
    assert [title for title, _ in groups(found)] == [
        "The whole, by modality (log-odds)",
        "NEWS2, by parameter (points)",
        "deterioration_gru, by leaving out each quantity (log-odds; need not add up)",
    ]
    said = "\n".join(lines(found))
    assert "    +3  respiratory rate 26 /min: 3 points" in said
    assert "Index " in said


async def test_an_empty_group_has_no_title() -> None:
    found, _ = await explained(ONE_PULSE)
    assert groups(found) == []
    assert lines(found)[-1] == "  deterioration_gru gave no answer: its input does not suffice"


@pytest.mark.parametrize("at", [START, START + 1])
async def test_no_identifier_is_in_the_words(at: int) -> None:
    found, _ = await explained(vitals(at=at), vitals(at=at - 1))
    assert "p1" not in "\n".join(lines(found))
