"""Asking models: the model's manifest, Triton's client, batches, deadline, retry and breaker."""
