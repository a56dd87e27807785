"""One model's prediction as a record of its own: for sites that read each model, and for comparing versions."""

from __future__ import annotations

import msgspec

from streams import topics
from streams.publish import headers
from streams.records import Prediction
from streams.transport.produce import Out

_encode = msgspec.json.Encoder().encode


def prediction_out(prediction: Prediction, facts: bytes, partition: int, epoch: int) -> Out:
    """Return the record of one prediction.

    Parameters
    ----------
    facts
        From `facts_digest` of what it was made of: the same for all versions that saw the same.
    partition, epoch
        Of the patient, and of its owner.
    """
    head = [
        (headers.EPOCH, b"%d" % epoch),
        (headers.MODE, prediction.mode.encode()),
        (headers.FACTS, facts.hex().encode()),
    ]
    return Out(topics.PREDICTIONS, partition, prediction.patient_id.encode(), _encode(prediction), head)
