"""A note's rows become one reading, with the sentences that carried it."""

import math

import numpy as np
import pytest

from streams.modalities.notes import pooled, prepare, read, refused
from streams.records import Carrying, HeadReading, NoteReading

TEXT = "knee is sore. heart attack. fever and diabetes."


def answers(spec, prepared, say):
    """Answer each word piece that counts with what `say` gives for its sentence's number; others with nonsense."""
    found = []
    for chunk in prepared.chunks:
        evidence, weight, word = (np.full((chunk.length, 2), 49.0, np.float32) for _ in range(3))
        for k, token in enumerate(prepared.tokens[chunk.tokens]):
            sentence = sum(one.start <= token.start for one in prepared.sentences) - 1
            evidence[chunk.at + k], weight[chunk.at + k], word[chunk.at + k] = (*say(sentence), 0.0)[:3]
        found.append({"evidence": evidence, "weight": weight, "word": word})
    return tuple(found)


def test_the_sentence_that_speaks_for_it_is_told_with_its_share_of_the_log_odds(spec):
    prepared = prepare(TEXT, spec)
    assert len(prepared.tokens) == 10
    reading = read(answers(spec, prepared, lambda s: (10.0 if s == 1 else 0.0, 0.0)), prepared, spec)
    heart, diabetes = reading.heads
    assert heart.probability == pytest.approx(1 / (1 + math.exp(-3.0)))
    assert heart.sentences == (Carrying(14, 27, 3.0),)
    assert heart.level == "high"
    assert diabetes.probability == pytest.approx(1 / (1 + math.exp(-5.0)))
    assert diabetes.mentions == ((38, 46),)


def test_word_pieces_of_greater_weight_count_more(spec):
    prepared = prepare(TEXT, spec)
    alike = read(answers(spec, prepared, lambda s: ((4.0, -4.0, 0.0)[s], 0.0)), prepared, spec)
    heavy = read(answers(spec, prepared, lambda s: ((4.0, -4.0, 0.0)[s], (0.0, 9.0, 0.0)[s])), prepared, spec)
    assert heavy.heads[0].probability < 0.05 < alike.heads[0].probability
    assert heavy.heads[0].level == "low"
    assert heavy.heads[0].sentences[0].weight < 0


def test_all_shares_add_up_to_the_log_odds(spec):
    prepared = prepare("the patient has chest pain. " * 8, spec)
    assert len(prepared.chunks) == 5
    random = np.random.default_rng(3)
    said = tuple(
        {name: random.normal(size=(chunk.length, 2)).astype(np.float32) for name in ("evidence", "weight", "word")}
        for chunk in prepared.chunks
    )
    found = pooled(said, prepared, spec)
    np.testing.assert_allclose(found.shares.sum(0), found.logits)
    assert len(found.shares) == len(prepared.tokens)


def test_no_more_sentences_are_told_than_the_manifest_says(spec):
    prepared = prepare(TEXT, spec)
    reading = read(answers(spec, prepared, lambda s: (float(s + 1), 0.0)), prepared, spec)
    assert [len(head.sentences) for head in reading.heads] == [2, 2]
    weights = [abs(one.weight) for one in reading.heads[0].sentences]
    assert weights == sorted(weights, reverse=True)


def test_a_broken_row_refuses_the_note(spec):
    prepared = prepare("the patient has chest pain. " * 8, spec)
    said = answers(spec, prepared, lambda s: (1.0, 0.0))
    assert read((*said[:-1], None), prepared, spec) == NoteReading("reader", "1", refusals=("contract",))


def test_a_note_that_was_not_asked_about_keeps_its_reasons(spec):
    prepared = prepare("No fever.", spec)
    assert read((), prepared, spec) == refused(spec, ("empty",)) == NoteReading("reader", "1", (), ("empty",))


def test_a_reading_holds_places_and_no_words(spec):
    prepared = prepare(TEXT, spec)
    (head, _) = read(answers(spec, prepared, lambda s: (1.0, 0.0)), prepared, spec).heads
    assert isinstance(head, HeadReading)
    assert "knee" not in repr(head)


def test_words_add_up_whatever_weight_their_places_have(spec):
    prepared = prepare(TEXT, spec)
    reading = read(answers(spec, prepared, lambda s: (0.0, 9.0 * s, 0.5 if s == 0 else 0.0)), prepared, spec)
    assert reading.heads[0].sentences == (Carrying(0, 13, 2.0),)
