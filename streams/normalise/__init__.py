"""A hospital's raw FHIR messages to typed clinical events: resources, codes, units, identity; pure."""

from streams.normalise.messages import LARGEST_PAYLOAD, Normalised, Raw, normalise
from streams.normalise.units import warm_up

__all__ = ["LARGEST_PAYLOAD", "Normalised", "Raw", "normalise", "warm_up"]
