from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.fusion.fuse import RANK, fuse
from streams.fusion.rule import DEFAULT
from streams.records import Prediction
from tests.unit.fusion.voices import (
    AS_OF,
    AWAY,
    NO_NEWS,
    SNAPSHOT,
    UNSURE,
    ecg,
    fused,
    gru,
    labs,
    news,
    note,
    of_each_slow,
    prediction,
    ratio,
    said,
    scored,
    slow_lists,
    vital,
)


def whole(*predictions: Prediction) -> tuple[str, float]:
    score = fused(*predictions)
    assert score.index is not None
    return score.level, round(score.index, 1)


def test_where_nothing_speaks_either_way_the_index_is_50() -> None:
    assert whole(gru(0.14), scored(5)) == ("medium", 50.0)


@pytest.mark.parametrize(
    ("probability", "level"), [(0.09, "low"), (0.12, "low-medium"), (0.2, "medium"), (0.38, "high")]
)
def test_the_learned_model_alone_lands_near_its_own_level(probability: float, level: str) -> None:
    assert fused(gru(probability), NO_NEWS).level == level


@pytest.mark.parametrize(("points", "level"), [(0, "low"), (4, "low"), (5, "medium"), (6, "medium"), (7, "high")])
def test_news2_alone_lands_in_its_own_level(points: int, level: str) -> None:
    assert fused(AWAY, scored(points)).level == level


def test_two_worried_judgements_come_to_more_than_either_and_less_than_their_product() -> None:
    one, other, both = whole(gru(0.3))[1], whole(news(6.0, "medium"))[1], whole(gru(0.3), scored(6))[1]
    assert (one, other, both) == (66.0, 63.5, 77.1)


def test_reassurance_lowers_within_its_bound_and_the_conflict_is_named() -> None:
    score = fused(gru(0.4), scored(0))
    assert (score.level, round(score.index or 0, 1)) == ("medium", 57.3)
    assert score.conflict == ("deterioration", "news2")
    assert fused(gru(0.4), scored(5)).conflict == ()


@pytest.mark.parametrize(("points", "level"), [(5, "medium"), (7, "high")])
def test_an_urgent_or_emergency_news2_is_not_hidden_by_a_reassuring_model(points: int, level: str) -> None:
    alone, score = fused(AWAY, scored(points)), fused(gru(0.001), scored(points))
    assert (score.level, score.index, score.held) == (level, alone.index, True)
    assert not alone.held


def test_a_single_parameter_at_three_points_holds_low_medium() -> None:
    score = fused(gru(0.001), scored(3, worst=3))
    assert (score.level, round(score.index or 0, 6), score.held) == ("low-medium", 42.0, True)


def test_news2_stands_alone_and_says_so_when_the_model_is_away() -> None:
    found = fuse(SNAPSHOT, [AWAY, scored(5)])
    assert (found.level, found.index, found.degraded) == ("medium", 50.0, True)
    assert found.reasons == ("deterioration_gru:breaker-open",)
    assert found.missing == ("deterioration", "ecg", "labs", "notes", "imaging")


def test_too_little_input_for_the_model_is_not_degraded() -> None:
    found = fuse(SNAPSHOT, [UNSURE, scored(5)])
    assert (found.level, found.degraded, found.reasons) == ("medium", False, ("deterioration_gru:missing:9279-1",))


def test_nothing_usable_is_indeterminate_with_all_reasons() -> None:
    found = fuse(SNAPSHOT, [AWAY, NO_NEWS])
    assert (found.level, found.index, found.degraded) == ("indeterminate", None, True)
    assert found.reasons == ("deterioration_gru:breaker-open", "news2:missing:8310-5")
    assert (found.contributions, found.would_change, found.conflict) == ((), (), ())


def test_no_predictions_at_all_are_indeterminate() -> None:
    assert said(fuse(SNAPSHOT, [])) == ("indeterminate", None)


def test_a_partial_news2_raises() -> None:
    partial = prediction("news2", "indeterminate", 7.0, "high", "partial", "missing:8310-5")
    found = fuse(SNAPSHOT, [gru(0.01), partial])
    assert (found.level, found.reasons) == ("high", ("news2:partial", "news2:missing:8310-5"))


def test_a_low_partial_news2_alone_does_not_say_low() -> None:
    partial = prediction("news2", "indeterminate", 1.0, "indeterminate", "partial", "missing:8310-5")
    assert said(fuse(SNAPSHOT, [AWAY, partial])) == ("indeterminate", None)


def test_a_low_partial_news2_beside_a_model_does_not_lower() -> None:
    partial = prediction("news2", "indeterminate", 0.0, "indeterminate", "partial")
    assert said(fuse(SNAPSHOT, [gru(0.2), partial])) == said(fuse(SNAPSHOT, [gru(0.2)]))


def test_slow_evidence_alone_makes_no_level_whatever_it_says() -> None:
    score = fused(UNSURE, NO_NEWS, ratio(0.8), note(1.0), ecg(1.0), labs(1.0))
    assert (score.level, score.index, score.contributions) == ("indeterminate", None, ())
    assert score.missing == ("deterioration", "news2")


def test_stale_is_said_and_changes_nothing_else() -> None:
    fresh, stale = fuse(SNAPSHOT, [scored(5)]), fuse(SNAPSHOT, [scored(5)], stage="stale")
    assert stale == msgspec.structs.replace(fresh, stale=True, reasons=("stale",))


def test_silent_takes_level_index_and_contributions_and_leaves_the_predictions() -> None:
    silent = fuse(SNAPSHOT, [AWAY, scored(5)], stage="silent")
    assert (silent.level, silent.index, silent.contributions, silent.would_change) == ("indeterminate", None, (), ())
    assert (silent.stale, silent.silent) == (True, True)
    assert silent.predictions == (AWAY, scored(5))
    assert silent.reasons == ("deterioration_gru:breaker-open", "stale", "silent")


def test_what_carried_it_comes_from_the_snapshot() -> None:
    found = fuse(msgspec.structs.replace(SNAPSHOT, corrected=True, basis=("Flag/f1", "b")), [scored(5)])
    assert (found.basis, found.basis_count) == (("Flag/f1", "Observation/b"), 7)
    assert (found.patient_id, found.as_of, found.encounter_id, found.corrected) == ("p", AS_OF, "enc-1", True)
    assert found.fusion == DEFAULT.version


def test_each_modality_says_what_it_did_the_largest_first() -> None:
    score = fused(gru(0.05), scored(2), ratio(0.6, age_h=48))
    assert [(one.name, one.model, one.direction, round(one.size, 2)) for one in score.contributions] == [
        ("deterioration", "deterioration_gru", "lowers", -0.66),
        ("news2", "news2", "lowers", -0.56),
        ("imaging", "chest_heart_unet", "raises", 0.41),
    ]
    assert [one.words for one in score.contributions] == [
        "deterioration_gru at 5.0 % lowers the log-odds by 0.66",
        "news2 at 2 lowers the log-odds by 0.56",
        "chest_heart_unet at 0.60, 48 h old raises the log-odds by 0.41",
    ]


def test_a_film_beyond_its_ceiling_is_named_and_moves_nothing() -> None:
    film = next(one for one in fused(gru(0.2), scored(3), ratio(0.6)).contributions if one.name == "imaging")
    assert (film.direction, film.size, film.words) == ("neither", 0.0, "chest_heart_unet at 0.60 moves nothing")


@given(vital, slow_lists)
def test_contributions_add_up_to_the_index_unless_news2_holds_it(
    both: tuple[Prediction, ...], slow: tuple[Prediction, ...]
) -> None:
    score = fused(*both, *slow)
    if score.index is not None:
        whole = sum(one.size for one in score.contributions)
        assert score.held or score.index == pytest.approx(100 / (1 + 2.718281828459045**-whole))


@given(vital, slow_lists, st.sampled_from(sorted(of_each_slow)), st.sampled_from(["indeterminate", "unavailable"]))
def test_a_missing_modality_moves_nothing_and_is_named(
    both: tuple[Prediction, ...], slow: tuple[Prediction, ...], name: str, status: str
) -> None:
    models = {"imaging": "chest_heart_unet", "notes": "notes_bert", "ecg": "ecg_cnn", "labs": "labs_autoencoder"}
    rest = [one for one in slow if one.model != models[name]]
    mute = Prediction("p", models[name], "1", AS_OF, status, reasons=("why",), study="x")  # type: ignore[arg-type]
    assert said(fused(*both, *rest, mute)) == said(fused(*both, *rest))
    assert name in fused(*both, *rest, mute).missing


@given(st.lists(st.sampled_from([AWAY, UNSURE, NO_NEWS]), max_size=3), vital)
def test_silent_vital_signs_move_nothing(mute: list[Prediction], both: tuple[Prediction, ...]) -> None:
    assert said(fused(*both, *mute)) == said(fused(*both))


@given(vital, slow_lists)
def test_the_level_is_never_below_news2_own(both: tuple[Prediction, ...], slow: tuple[Prediction, ...]) -> None:
    assert RANK[fused(*both, *slow).level] >= RANK[both[1].level]


@given(vital, slow_lists, st.randoms())
def test_the_order_of_arrival_does_not_matter(
    both: tuple[Prediction, ...], slow: tuple[Prediction, ...], random: object
) -> None:
    shuffled = [*both, *slow]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    found, plain = fused(*shuffled), fused(*both, *slow)
    assert (said(found), found.contributions) == (said(plain), plain.contributions)
    assert found.would_change == plain.would_change


@given(vital, slow_lists, st.data())
def test_more_worry_of_one_modality_is_never_less_of_the_whole(
    both: tuple[Prediction, ...], slow: tuple[Prediction, ...], data: st.DataObject
) -> None:
    everything = [*both, *slow]
    place = data.draw(st.integers(0, len(everything) - 1))
    one = everything[place]
    if one.value is None:
        return
    higher = scored(data.draw(st.integers(int(one.value), 20)), 3) if one.model == "news2" else msgspec.structs.replace(
        one, value=data.draw(st.floats(one.value, 1.0))
    )  # fmt: skip
    before, after = fused(*everything), fused(*everything[:place], higher, *everything[place + 1 :])
    assert RANK[after.level] >= RANK[before.level]
    assert (after.index or 0.0) >= (before.index or 0.0) - 1e-9


@given(vital, slow_lists)
def test_each_modality_moves_the_whole_no_further_than_its_bounds(
    both: tuple[Prediction, ...], slow: tuple[Prediction, ...]
) -> None:
    terms = {term.name: term for term in DEFAULT.terms.values()}
    for one in fused(*both, *slow).contributions:
        assert -terms[one.name].down - 1e-9 <= one.size <= terms[one.name].up + 1e-9


@given(vital, st.builds(lambda *those: those, of_each_slow["imaging"], of_each_slow["notes"]))
def test_films_and_notes_lower_nothing_and_raise_at_most_to_low_medium(
    both: tuple[Prediction, ...], slow: tuple[Prediction, ...]
) -> None:
    before, after = fused(*both), fused(*both, *slow)
    assert after.level == before.level or (before.level, after.level) == ("low", "low-medium")
    if before.index is None:
        assert after.index is None
    else:
        assert before.index - 1e-9 <= (after.index or 0.0) <= max(before.index, 45.0) + 1e-9


@given(vital, slow_lists)
def test_it_is_bounded_and_has_an_index_where_it_has_a_level(
    both: tuple[Prediction, ...], slow: tuple[Prediction, ...]
) -> None:
    found = fused(*both, *slow)
    assert (found.index is None) == (found.level == "indeterminate")
    assert found.index is None or 0 < found.index < 100
