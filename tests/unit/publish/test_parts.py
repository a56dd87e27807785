"""What a score says of its own making, written to FHIR and read back."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from streams.publish.rationale import rationale_of_whole
from streams.publish.riskassessment import write
from streams.publish.summary import read
from streams.publish.terms import ModelTerms
from streams.records import RiskScore
from tests.unit.fusion.voices import AWAY, NO_NEWS, fused, gru, scored

BASE = "urn:cardiostream:fhir:"
MODELS = {"deterioration_gru": ModelTerms("deterioration_gru", "1", "death in hospital", True)}


def whole(score: RiskScore) -> dict[str, list[Any]]:
    written = json.loads(write(score, MODELS, "v"))["prediction"][-1]
    found: dict[str, list[Any]] = {}
    for one in written.get("extension", []):
        parts = {part["url"]: next(v for k, v in part.items() if k != "url") for part in one.get("extension", [])}
        value = parts or next(value for key, value in one.items() if key != "url")
        found.setdefault(one["url"].removeprefix(BASE), []).append(value)
    return found


def test_contributions_conflict_missing_and_change_are_extensions_of_the_whole() -> None:
    score = fused(gru(0.4), scored(0))
    found = whole(score)
    assert [(one["name"], one["unit"], round(one["size"], 2)) for one in found["contribution"]] == [
        ("deterioration", "log-odds", 0.94),
        ("news2", "log-odds", -0.65),
    ]
    assert round(found["contribution"][0]["evidence"], 2) == 1.41
    assert found["conflict"] == [{"raises": "deterioration", "lowers": "news2"}]
    assert found["missing-modality"] == ["ecg", "labs", "notes", "imaging"]
    assert [one["level"] for one in found["would-change"]] == ["high", "low-medium"]
    assert "held-by-news2" not in found


def test_what_news2_holds_is_marked_and_said() -> None:
    score = fused(gru(0.001), scored(7))
    assert whole(score)["held-by-news2"] == [True]
    assert "NEWS2 alone holds it there" in rationale_of_whole(score)


def test_without_a_level_there_is_nothing_but_what_is_missing() -> None:
    assert whole(fused(AWAY, NO_NEWS)).keys() == {"missing-modality"}


def test_a_reader_finds_all_of_it_again() -> None:
    score = fused(gru(0.4), scored(0))
    found = read(write(score, MODELS, "v"))
    assert found.fusion == score.fusion
    assert found.contributions == tuple(replace(one, words="") for one in score.contributions)
    assert found.would_change == tuple(replace(one, words="") for one in score.would_change)
    assert (found.conflict, found.missing) == (score.conflict, score.missing)


def test_the_words_say_what_it_is_made_of_and_what_would_change_it() -> None:
    assert rationale_of_whole(fused(AWAY, scored(5))) == (
        "Index 50 of 100, level medium; not a probability. Made of: news2 at 5 moves nothing. Nothing known of: "
        "deterioration, ecg, labs, notes, imaging. It would be high if news2 rose from 5 to 7; low if news2 fell from "
        "5 to 4. A learned model could not be asked."
    )
