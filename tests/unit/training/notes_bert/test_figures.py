"""Figures of many heads."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from training.measures import drawn
from training.notes_bert.crossed import FEWEST_TRUE, settings_of
from training.notes_bert.figures import Task, Told, with_macro, write_figures
from training.notes_bert.lexicon import counted, fit_lexicon

RANDOM = np.random.default_rng(4)
LABELS = (RANDOM.random(200) < 0.2).astype(float)
GOOD = np.clip(LABELS * 0.4 + RANDOM.random(200) * 0.6, 0, 1)


def test_macro_f1_is_that_of_scikit_learn():
    found = with_macro(drawn(LABELS, GOOD, 0.5)).value["macro_f1"]
    assert found == pytest.approx(f1_score(LABELS, GOOD >= 0.5, average="macro"))


def test_macro_f1_of_a_faultless_rule_is_one():
    assert with_macro(drawn(LABELS, LABELS, 0.5)).value["macro_f1"] == pytest.approx(1.0)


def test_heads_stand_beside_their_baselines_and_one_of_one_class_is_left_out(tmp_path):
    tasks = {
        "heart": Task(LABELS, {"": Told(GOOD, 0.5), "tfidf": Told(1 - GOOD, 0.5)}, 3),
        "never": Task(np.zeros(200), {"": Told(GOOD, 0.5)}),
    }
    found = write_figures({"model": "m"}, [str(k) for k in range(200)], tasks, tmp_path)
    assert set(found["tasks"]) == {"heart", "baseline/tfidf/heart"}
    assert found["tasks"]["heart"]["indeterminate"] == 3
    assert found["tasks"]["baseline/tfidf/heart"]["model_less_baseline"]["auroc"][1] > 0
    assert {path.name for path in tmp_path.iterdir()} >= {"metrics.json", "predictions.csv", "roc.png", "pr.png"}


def test_a_voice_that_knows_nothing_is_not_listened_to():
    heads = np.stack([LABELS] * 6, 1)
    knows, guesses = heads * 2 - 1 + RANDOM.normal(size=heads.shape), RANDOM.normal(size=heads.shape)
    for setting in settings_of(knows, guesses, heads):
        assert setting.trust > 3 * setting.words >= 0


def test_the_lexicon_learns_which_word_pieces_speak_for_a_head():
    class Note:
        def __init__(self, *numbers):
            self.tokens = [type("Token", (), {"number": n}) for n in numbers]
            self.shares = np.full(len(numbers), len(numbers) ** -0.5)

    notes = [Note(7, 9), Note(7, 8), Note(8, 9), Note(9)] * 5
    labels = np.array([[1.0], [1.0], [0.0], [0.0]] * 5)
    found = counted(notes)
    lexicon = fit_lexicon(found, labels)
    assert (lexicon.logits(found)[:, 0] > 0).tolist() == [True, True, False, False] * 5
    assert lexicon.table[7, 0] > 0 > lexicon.table[9, 0]
    assert lexicon.table[10, 0] == 0


def test_of_a_head_that_is_seldom_true_the_words_speak_alone():
    heads = np.stack([np.arange(200) < FEWEST_TRUE - 1] * 5 + [np.arange(200) < FEWEST_TRUE], 1).astype(float)
    voices = heads * 2 - 1 + RANDOM.normal(size=(2, *heads.shape))
    *seldom, often = settings_of(voices[0], voices[1], heads)
    assert all(setting.trust == 0 < setting.words for setting in seldom)
    assert often.trust > 0 < often.words
