"""What stands on control.models, and which predictions it lets into a score."""

from __future__ import annotations

from streams.modes.standing import Standing, live_of
from streams.records import Mode, ModelModes, Prediction

GRU, CNN = "deterioration_gru", "chest_xray_cnn"


def record(model: str = GRU, **modes: Mode) -> ModelModes:
    return ModelModes(model, {k[1:]: v for k, v in modes.items()}, {}, "c-1", 0, "ward lead", "tried")


def said(model: str, version: str) -> Prediction:
    return Prediction("p1", model, version, 1000, "ok", 0.5, "high")


def test_what_nobody_ever_changed_is_live_as_it_was_shipped() -> None:
    nothing = Standing()
    assert nothing.live(GRU, "3") == "3"
    assert nothing.beside(GRU, "3") == {}
    assert nothing.shows(CNN, "7")
    assert nothing.text(GRU, "3") == "deterioration_gru/3"


def test_of_several_records_of_one_model_the_last_stands() -> None:
    standing = Standing().followed_by([(0, record(v3="live", v4="shadow")), (5, record(v4="live"))])
    assert (standing.live(GRU, "3"), standing.offset) == ("4", 5)
    assert standing.beside(GRU, "3") == {}


def test_records_of_other_models_leave_a_model_alone() -> None:
    standing = Standing().followed_by([(0, record(CNN, v1="silent"))])
    assert standing.live(GRU, "3") == "3"
    assert standing.text(GRU, "3") == "-chest_xray_cnn deterioration_gru/3"


def test_a_candidate_is_beside_and_never_live() -> None:
    standing = Standing().followed_by([(0, record(v3="live", v4="shadow"))])
    assert standing.live(GRU, "3") == "3"
    assert standing.beside(GRU, "3") == {"4": "shadow"}
    assert standing.text(GRU, "3") == "deterioration_gru/3"


def test_a_model_that_is_silent_has_no_live_version() -> None:
    standing = Standing().followed_by([(0, record(v3="silent"))])
    assert standing.live(GRU, "3") is None
    assert standing.beside(GRU, "3") == {"3": "silent"}
    assert standing.text(GRU, "3") == "-deterioration_gru"


def test_only_what_live_versions_say_enters_a_score() -> None:
    standing = Standing().followed_by([(0, record(v3="live", v4="shadow")), (1, record(CNN, v1="silent"))])
    spoken = [said(GRU, "3"), said(GRU, "4"), said(CNN, "1"), said("news2", "2017")]
    assert standing.shown(spoken) == (spoken[0], spoken[3])


def test_a_version_without_a_mode_is_not_shown_either() -> None:
    standing = Standing().followed_by([(0, record(CNN, v2="live"))])
    assert not standing.shows(CNN, "1")


def test_no_version_is_live_among_none() -> None:
    assert live_of({}) is None
