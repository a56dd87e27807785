"""Broker, Redis, Triton and the workers on this machine, started by one command without containers."""
