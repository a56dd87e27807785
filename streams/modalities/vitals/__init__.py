"""Vital signs and laboratory values as tensors: the one feature function for training and serving.

Windows hang on ``as_of``, not on an admission, so hour zero needs no Encounter: bin k holds the facts of
(as_of - (k+1) h, as_of - k h], and there are at most as many bins as the manifest says (48). A patient known for a
shorter time has padding in front. **After 48 hours the window slides**: what is older is not read and not
carried forward, since the networks were trained on the first 48 hours of stays and have never seen an older value.
"""

from streams.modalities.vitals.prepared import Prepared, prepare, prepare_many, stack

__all__ = ["Prepared", "prepare", "prepare_many", "stack"]
