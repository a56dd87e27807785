"""Pictures to a network's tensors, and its answers back to the picture: the same code trains and serves.

No DICOM here: pixels come as ``values``, float32 of shape (rows, columns), any scale, brighter is denser (the sense of
MONOCHROME2; HU for CT), NaN where a part has been masked, with plain facts beside them. Three steps:

1. `selects` tells whether a model is for this picture, or why not; `unchecked`, what of that could not be told;
2. `prepare` makes one row of tensors, and remembers how the picture was framed;
3. `read` turns the answers of a batch into a `Reading` per picture: probabilities, measures with their lines,
   outlines, a heat grid, all in the source's coordinates, or the reasons why nothing is to be believed.

`overlay` draws a reading over its picture.

Coordinates are DICOM's (PS3.3 C.18.6.1.1): x to the right, y down, in pixels of the source; 0, 0 is the upper left
corner of the upper left pixel, so its middle is 0.5, 0.5.
"""

from streams.modalities.imaging.drawing import overlay
from streams.modalities.imaging.frame import Frame
from streams.modalities.imaging.prepared import Prepared, prepare, stack
from streams.modalities.imaging.reading import read, refused
from streams.modalities.imaging.records import ClassProbability, Heat, Line, Measured, Outline, Point, Reading
from streams.modalities.imaging.selection import selects, unchecked

__all__ = [
    "ClassProbability", "Frame", "Heat", "Line", "Measured", "Outline", "Point", "Prepared", "Reading",
    "overlay", "prepare", "read", "refused", "selects", "stack", "unchecked",
]  # fmt: skip
