"""Word pieces know their places in the note."""

import math

import pytest

from streams.errors import ContractError
from streams.modalities.notes.tokens import shares, tokens, vocabulary_of


def pieces(spec, text, left_out=()):
    vocabulary = vocabulary_of(spec.vocabulary_path)
    return [
        (vocabulary.tokenizer.id_to_token(one.number), text[one.start : one.end])
        for one in tokens(text, vocabulary, left_out)
    ]


def test_words_are_lower_case_and_point_at_what_was_written(spec):
    assert pieces(spec, "The Pâtient walks.") == [
        ("the", "The"), ("patient", "Pâtient"), ("walk", "walk"), ("##s", "s"), (".", "."),
    ]  # fmt: skip


def test_what_is_left_out_leaves_no_mark(spec):
    text = "no cough. type 2 diabetes on insulin"
    assert pieces(spec, text, [(10, 25), (0, 9)]) == [("on", "on"), ("insulin", "insulin")]


def test_stretches_that_are_left_out_may_overlap(spec):
    assert pieces(spec, "no diabetes. knee", [(3, 11), (0, 12)]) == [("knee", "knee")]


def test_words_that_nobody_knows_are_unknown(spec):
    assert pieces(spec, "zebra knee") == [("[UNK]", "zebra"), ("knee", "knee")]


def test_a_word_that_stands_twice_counts_once_and_a_bit(spec):
    words = tokens("knee knee sore", vocabulary_of(spec.vocabulary_path), ())
    often, length = 1 + math.log(2), math.hypot(1 + math.log(2), 1)
    assert shares(words).tolist() == pytest.approx([often / 2 / length, often / 2 / length, 1 / length])
    assert shares([]).tolist() == []


def test_a_vocabulary_without_the_marks_is_refused(tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\nknee")
    with pytest.raises(ContractError, match="lacks"):
        vocabulary_of(tmp_path / "vocab.txt")
