"""Clinical notes: from the event to the text, the models and their predictions."""

from streams.workers.notes.work import run

__all__ = ["run"]
