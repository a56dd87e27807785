"""CardioStream: streaming inference over a hospital's event bus."""

__version__ = "0.1.0"
