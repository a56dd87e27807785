"""Long notes are cut into rows that overlap, and every word piece counts once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.modalities.notes.chunks import Words, chunks
from streams.modalities.notes.tokens import Token, shares, vocabulary_of

NAMES = ("input_ids", "attention_mask", "share")


def cut(spec, length):
    words = [Token(10 + k % 20, k, k + 1) for k in range(length)]
    return words, chunks(Words(words, shares(words)), spec.reach, vocabulary_of(spec.vocabulary_path), NAMES)


def test_a_short_note_is_one_row_padded_to_the_next_length(spec):
    _, (row,) = cut(spec, 3)
    assert row.tensors["input_ids"].tolist() == [2, 10, 11, 12, 3, 0, 0, 0]
    assert row.tensors["attention_mask"].tolist() == [1, 1, 1, 1, 1, 0, 0, 0]
    assert row.tensors["share"].tolist() == pytest.approx([0, 3**-0.5, 3**-0.5, 3**-0.5, 0, 0, 0, 0])
    assert (row.tokens, row.at, row.length) == (slice(0, 3), 1, 8)


def test_rows_share_the_overlap_and_each_counts_its_half(spec):
    words, rows = cut(spec, 24)
    assert [row.tokens for row in rows] == [slice(0, 12), slice(12, 24)]
    assert [row.at for row in rows] == [1, 3]
    assert rows[1].tensors["input_ids"][rows[1].at] == words[12].number


@given(length=st.integers(1, 60))
def test_every_word_piece_counts_in_just_one_row(spec, length):
    words, rows = cut(spec, length)
    counted = [
        int(number)
        for row in rows
        for number in row.tensors["input_ids"][row.at : row.at + row.tokens.stop - row.tokens.start]
    ]
    assert counted == [word.number for word in words]
    assert all(row.length in spec.reach.lengths for row in rows)
