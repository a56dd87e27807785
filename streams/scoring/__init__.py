"""One patient's snapshot to predictions: the learned model's and NEWS2's."""
