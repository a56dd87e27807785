"""Clinical notes to a network's tensors, and its answers back to the note: the same code trains and serves.

Text comes as it is to be judged, without mark-up; every place that is told is a half-open range of its characters.
Steps:

1. `prepare` divides a note into sections and sentences, finds what is negated, of the family or only supposed and
leaves
   it out, hides the names of the diseases that heads are about, and cuts what is left into rows of word pieces;
2. `batches` gathers the rows of many notes into calls of one length each, `dealt` hands the answers back;
3. `read` pools a note's rows to one `NoteReading`: calibrated probabilities, levels, the sentences that carried them.

Nobody is asked here: whoever calls brings the answers of Triton or onnxruntime.
"""

from streams.modalities.notes.batches import Answers, Batch, batches, checked_answer, dealt, stack
from streams.modalities.notes.prepared import PreparedNote, prepare
from streams.modalities.notes.reading import Pooled, pooled, read, refused
from streams.records.note_readings import Carrying, HeadReading, NoteReading

__all__ = [
    "Answers", "Batch", "Carrying", "HeadReading", "NoteReading", "Pooled", "PreparedNote",
    "batches", "checked_answer", "dealt", "pooled", "prepare", "read", "refused", "stack",
]  # fmt: skip
