"""Every change of a model's modes, and those that are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import RejectedMessage
from streams.modes.changing import promoted, retired, rolled_back, shadowed, silenced
from streams.modes.standing import live_of
from streams.records import Mode, ModelModes

MODES = st.dictionaries(st.sampled_from("34567"), st.sampled_from(["silent", "shadow"])).flatmap(
    lambda others: st.sampled_from([others, {**others, "9": "live"}])
)


def changed(was: dict[str, Mode], modes: dict[str, Mode]) -> ModelModes:
    return ModelModes("m", modes, was, "c", 0, "ward lead", "tried")


def test_who_is_promoted_takes_the_place_of_the_live_one() -> None:
    assert promoted({"3": "live", "4": "shadow"}, "4") == {"4": "live"}


def test_a_promotion_leaves_other_candidates_as_they_are() -> None:
    assert promoted({"3": "live", "4": "shadow", "5": "shadow"}, "4") == {"4": "live", "5": "shadow"}


def test_what_was_silent_is_a_shadow_once_another_version_is_live() -> None:
    assert promoted({"3": "silent"}, "4") == {"3": "shadow", "4": "live"}


def test_a_candidate_runs_beside_the_live_version() -> None:
    assert shadowed({"3": "live"}, "4") == {"3": "live", "4": "shadow"}


def test_a_silent_model_is_asked_and_nothing_of_it_is_shown() -> None:
    assert silenced({"3": "live", "4": "shadow"}, "3") == {"3": "silent", "4": "silent"}


def test_a_retired_version_is_not_asked() -> None:
    assert retired({"3": "live", "4": "shadow"}, "4") == {"3": "live"}


@pytest.mark.parametrize(
    ("change", "modes", "version", "reason"),
    [
        (promoted, {"3": "live"}, "3", "no-change"),
        (shadowed, {"3": "live"}, "3", "is-live"),
        (shadowed, {"3": "silent"}, "4", "no-live-version"),
        (shadowed, {"3": "live", "4": "shadow"}, "4", "no-change"),
        (silenced, {"3": "silent"}, "3", "no-change"),
        (retired, {"3": "live"}, "3", "is-live"),
        (retired, {"3": "live"}, "7", "no-change"),
    ],
)
def test_what_changes_nothing_or_leaves_no_live_version_is_refused(
    change: Callable[..., Any], modes: dict[str, Mode], version: str, reason: str
) -> None:
    with pytest.raises(RejectedMessage) as refused:
        change(modes, version)
    assert refused.value.reason == reason


def test_a_rollback_returns_to_what_stood_before_the_promotion() -> None:
    history = [
        changed({"3": "live"}, {"3": "live", "4": "shadow"}),
        changed({"3": "live", "4": "shadow"}, {"4": "live"}),
        changed({"4": "live"}, {"4": "live", "5": "shadow"}),
    ]
    assert rolled_back({"4": "live", "5": "shadow"}, history) == {"3": "live", "4": "shadow"}


def test_a_rollback_shows_again_what_was_silenced() -> None:
    assert rolled_back({"3": "silent"}, [changed({"3": "live"}, {"3": "silent"})]) == {"3": "live"}


def test_without_another_live_version_before_there_is_nothing_to_roll_back_to() -> None:
    with pytest.raises(RejectedMessage, match="nothing-before"):
        rolled_back({"3": "live", "4": "shadow"}, [changed({"3": "live"}, {"3": "live", "4": "shadow"})])


@given(MODES, st.lists(st.tuples(st.sampled_from([promoted, shadowed, silenced, retired]), st.sampled_from("3459"))))
def test_whatever_is_done_at_most_one_version_is_live(modes: dict[str, Mode], changes: list[Any]) -> None:
    for change, version in changes:
        try:
            modes = change(modes, version)
        except RejectedMessage:
            continue
        assert list(modes.values()).count("live") <= 1
        assert change is not promoted or live_of(modes) == version
