"""The card of notes_bert is the one that its figures give."""

import json
from pathlib import Path

from streams.inference.notes_manifest import load_notes
from training.notes_bert.card import card_of, figures
from training.notes_bert.conditions import HEADS
from training.notes_bert.evaluate import evaluate, said
from training.notes_bert.own import own_notes

REPOSITORY = Path(__file__).parents[2] / "model_repo"
FOLDER = REPOSITORY / "notes_bert"


def test_the_card_is_written_from_the_figures_and_the_manifest():
    written = (FOLDER / "MODEL_CARD.md").read_text("utf-8")
    assert written == card_of(load_notes(REPOSITORY, FOLDER.name), figures(FOLDER))


def test_the_figures_are_of_this_version():
    spec, found = load_notes(REPOSITORY, FOLDER.name), figures(FOLDER)
    for metrics in (found.val, found.own, found.bits):
        assert (metrics["model"], metrics["version"]) == (spec.name, spec.version)


def test_every_head_was_judged_beside_its_baselines():
    found = figures(FOLDER)
    assert {f"baseline/tfidf/{head}" for head in HEADS} <= set(found.val["tasks"])
    assert {f"baseline/keywords/{head}" for head in HEADS} <= set(found.own["tasks"])


def test_eight_bits_cost_next_to_nothing():
    worst = max(abs(one["eight_bits"] - one["single"]) for one in figures(FOLDER).bits["auroc"].values())
    assert worst <= 0.005


def test_it_says_that_it_foretells_nothing():
    card = (FOLDER / "MODEL_CARD.md").read_text("utf-8")
    assert "no figure of it is a risk" in card


def test_there_are_sixty_notes_of_our_own_twenty_a_style():
    notes = own_notes()
    assert [sum(note.style == style for note in notes) for style in ("soap", "discharge", "telegraphic")] == [20] * 3
    assert {name for note in notes for name in note.true} == set(HEADS)


def test_any_folder_laid_out_alike_is_scored_through_the_code_that_serves(tmp_path):
    rows = [
        {
            "key": note.id,
            "text": note.text,
            "cvp": int("cardiovascular" in note.true),
            "card_meta": int("cardiac" in note.true),
        }
        for note in own_notes()[:12]
    ]
    (tmp_path / "notes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = evaluate(tmp_path, "all", tmp_path / "out", REPOSITORY, None)
    assert found["tasks"]["cardiovascular"]["n"] == 12
    assert found["tasks"]["cardiovascular"]["auroc"][0] > 0.8
    assert said(tmp_path / "out", load_notes(REPOSITORY, FOLDER.name)).shape == (12, len(HEADS))
