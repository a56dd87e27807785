"""One note to a network's tensors, with the places that they came from, and whether it can be used at all."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.inference.notes_manifest import NotesManifest
from streams.modalities.notes.assertions import Scope, assertions, unsaid
from streams.modalities.notes.chunks import Chunk, Words, chunks
from streams.modalities.notes.mentions import Span, mentions, outside
from streams.modalities.notes.sections import Section, sections
from streams.modalities.notes.sentences import Sentence, sentences
from streams.modalities.notes.tokens import Token, shares, tokens, vocabulary_of


class PreparedNote(msgspec.Struct, frozen=True):
    """One note's model input; every place is a half-open range of characters of the text that was given."""

    chunks: tuple[Chunk, ...]
    """Rows of calls; see `stack` and `batches`."""
    tokens: tuple[Token, ...]
    """What is read, in order: nothing that is negated, of the family or only supposed."""
    shares: NDArray[np.float32]
    """How much each word piece adds to the length-one vector of the note's words; see `shares`."""
    sentences: tuple[Sentence, ...]
    sections: tuple[Section, ...]
    scopes: tuple[Scope, ...]
    """What is not said to be so of the patient, and therefore not read."""
    mentions: dict[str, tuple[Span, ...]]
    """Head to where the note affirms its disease by name of the patient; by rule, not by the network."""
    reasons: tuple[str, ...]
    """Why the note cannot be used (``empty``, ``too-long``, ``not-text``); empty where it can. The model is not asked
    then."""


def prepare(text: str, manifest: NotesManifest) -> PreparedNote:
    """Turn a note into what `manifest` declares; raises nothing for any text.

    What is negated ("no chest pain"), of the family ("father had a heart attack") or only supposed ("return if chest
    pain comes back") is not read, so that it cannot count: a note has the same tensors with and without it. Names of
    the diseases that heads are about are not read either, and leave no mark: a mark would tell that one stood there.
    """
    parts = sections(text)
    found = sentences(text, parts)
    scopes = assertions(text, parts, found)
    left_out = unsaid(scopes)
    named = {head.name: outside(mentions(text, head.names), left_out) for head in manifest.heads if head.names}
    hidden = mentions(text, tuple(name for head in manifest.heads for name in head.names))
    vocabulary = vocabulary_of(manifest.vocabulary_path)
    words = tokens(text, vocabulary, (*left_out, *hidden))
    spread = shares(words)
    reasons = _reasons(words, text, manifest)
    names = [tensor.name for tensor in manifest.tensors]
    rows = () if reasons else chunks(Words(words, spread), manifest.reach, vocabulary, names)
    return PreparedNote(rows, tuple(words), spread, found, parts, scopes, named, reasons)


def _reasons(words: list[Token], text: str, manifest: NotesManifest) -> tuple[str, ...]:
    if len(words) < manifest.reach.min_tokens:
        return ("empty",)
    if len(words) > manifest.reach.most_tokens:
        return ("too-long",)
    letters = sum(letter.isalpha() for letter in text)
    return () if letters * 4 > sum(not letter.isspace() for letter in text) else ("not-text",)
