"""Imaging studies: from the event to the PACS, the pixels, the models and their predictions."""

from streams.workers.imaging.work import run

__all__ = ["run"]
