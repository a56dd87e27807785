"""A note's words to the numbers that the network knows, each with its place in the note."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from streams.errors import ContractError
from streams.modalities.notes.mentions import Span

PAD, UNKNOWN, FIRST, LAST = "[PAD]", "[UNK]", "[CLS]", "[SEP]"


class Token(NamedTuple):
    """One word piece."""

    number: int
    start: int
    """Half-open character offsets into the note."""
    end: int


class Vocabulary(NamedTuple):
    """A vocabulary of word pieces (Wu et al. 2016; BERT, Devlin et al. 2019), lower case, accents off."""

    tokenizer: Tokenizer
    pad: int
    first: int
    last: int


@lru_cache(maxsize=8)
def vocabulary_of(path: Path) -> Vocabulary:
    """Read a vocabulary, one word piece a line; ContractError where it lacks the marks that BERT needs."""
    words = {word: number for number, word in enumerate(path.read_text("utf-8").splitlines())}
    missing = [mark for mark in (PAD, UNKNOWN, FIRST, LAST) if mark not in words]
    if missing:
        raise ContractError(f"{path.name} lacks {missing}; export the model again")
    tokenizer = Tokenizer(WordPiece(words, unk_token=UNKNOWN))
    tokenizer.normalizer = BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True
    )
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return Vocabulary(tokenizer, words[PAD], words[FIRST], words[LAST])


def tokens(text: str, vocabulary: Vocabulary, left_out: Sequence[Span]) -> list[Token]:
    """Return a note's word pieces in order.

    Parameters
    ----------
    left_out
        Stretches of which nothing is read, in any order; they may overlap.
    """
    found: list[Token] = []
    for start, end in _stretches(len(text), left_out):
        piece = vocabulary.tokenizer.encode(text[start:end], add_special_tokens=False)
        found += [Token(n, start + a, start + b) for n, (a, b) in zip(piece.ids, piece.offsets, strict=True)]
    return found


def _stretches(length: int, left_out: Sequence[Span]) -> list[Span]:
    """Return what is read, in order."""
    found: list[Span] = []
    at = 0
    for start, end in sorted(left_out):
        if start > at:
            found.append((at, start))
        at = max(at, end)
    if at < length:
        found.append((at, length))
    return found


def shares(found: Sequence[Token]) -> NDArray[np.float32]:
    """Return what each word piece adds to the vector of the note's words, shape (word pieces,).

    A word that stands n times counts 1 + ln n (sublinear term frequency; Manning et al., Introduction to Information
    Retrieval, 2008, 6.4.1), the vector has length one, and each place of the word has an equal part of it.
    """
    numbers = np.array([token.number for token in found], np.int64)
    _, word, times = np.unique(numbers, return_inverse=True, return_counts=True)
    counts = 1.0 + np.log(times)
    return (counts / times / np.linalg.norm(counts))[word].astype(np.float32)
