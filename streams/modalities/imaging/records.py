"""What a model says of one picture; the records stand with all others (`streams.records`)."""

from streams.records import ClassProbability, Heat, Line, Measured, Outline, Point, Reading

__all__ = ["ClassProbability", "Heat", "Line", "Measured", "Outline", "Point", "Reading"]
