"""Brings the broker to the declared state: topics made, topics checked."""
