"""The network pools as serving does, and a padded row is answered as an unpadded one."""

import numpy as np
import torch

from streams.modalities.notes import pooled as served
from streams.modalities.notes import prepare
from tests.unit.modalities.notes.manifests import reader
from training.notes_bert.lexicon import counted
from training.notes_bert.network import PAIRS, WIDTH, WORDS, Layer, Lower, NotesBert, Upper, closed_of, pair_of, pooled


def test_log_odds_are_pooled_as_serving_pools_them(tmp_path):
    spec = reader(tmp_path)
    prepared = prepare("the patient has chest pain. " * 3, spec)
    random = np.random.default_rng(1)
    said = tuple(
        {name: random.normal(size=(c.length, 2)).astype(np.float32) for name in ("evidence", "weight")}
        | {"word": np.zeros((c.length, 2), np.float32)}
        for c in prepared.chunks
    )
    counted = [
        [
            answer[name][c.at : c.at + c.tokens.stop - c.tokens.start]
            for c, answer in zip(prepared.chunks, said, strict=True)
        ]
        for name in ("evidence", "weight")
    ]
    evidence, weight = (torch.from_numpy(np.concatenate(parts)) for parts in counted)
    fitted = pooled(evidence, weight, torch.zeros(len(evidence), dtype=torch.int64), 1)[0]
    np.testing.assert_allclose(served(said, prepared, spec).logits, fitted.numpy(), atol=1e-5)


def test_notes_of_one_batch_do_not_mix():
    evidence, weight = torch.tensor([[1.0], [3.0], [10.0]]), torch.zeros(3, 1)
    assert pooled(evidence, weight, torch.tensor([0, 0, 1]), 2).tolist() == [[2.0], [10.0]]


def test_padding_changes_nothing():
    torch.manual_seed(0)
    layer, hidden = Layer().eval(), torch.randn(1, 5, WIDTH)
    padded = torch.cat([hidden, torch.randn(1, 3, WIDTH)], 1)
    mask = torch.tensor([[1.0, 1, 1, 1, 1, 0, 0, 0]])
    with torch.no_grad():
        alone, longer = layer(hidden, closed_of(torch.ones(1, 5))), layer(padded, closed_of(mask))
    torch.testing.assert_close(longer[:, :5], alone, atol=1e-4, rtol=0)


def test_a_fresh_network_weighs_all_words_alike():
    _, weight = Upper(0, 3)(torch.randn(2, 4, WIDTH), torch.zeros(2, 1, 1, 4))
    assert weight.abs().max() == 0


def test_pairs_over_the_rows_of_a_long_note_add_up_to_those_of_the_whole(tmp_path):
    prepared = prepare("the patient has chest pain and a cough. " * 5, reader(tmp_path))
    assert len(prepared.chunks) > 2
    table = torch.randn(WORDS + PAIRS, 2).half().float()
    network = NotesBert(Lower(0), Upper(0, 2), torch.ones(2), table).eval()
    total = np.zeros(2)
    for chunk in prepared.chunks:
        row = (torch.from_numpy(tensor)[None] for tensor in chunk.tensors.values())
        with torch.no_grad():
            word = network(*row)[2][0].numpy()
        total += word[chunk.at : chunk.at + chunk.tokens.stop - chunk.tokens.start].sum(0)
    np.testing.assert_allclose(total, (counted([prepared]) @ table.double().numpy())[0], atol=1e-5)


def test_numbers_of_pairs_are_the_same_in_torch_and_numpy_and_know_the_order():
    before, here = np.array([2540, 3255]), np.array([3255, 2540])
    assert pair_of(before, here).tolist() == pair_of(torch.from_numpy(before), torch.from_numpy(here)).tolist()
    assert pair_of(before, here)[0] != pair_of(before, here)[1]
    assert pair_of(np.array([30521]), np.array([30521])) < PAIRS
