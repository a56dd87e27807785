"""A ward of simulated patients, seeded: plausible physiology, real feeds' habits and faults, as FHIR R4 resources."""

from streams.simulate.ward import ward

__all__ = ["ward"]
