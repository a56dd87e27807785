"""What goes out for a study: predictions, or a wait for another try."""

from __future__ import annotations

import msgspec

from streams import metrics, topics
from streams.pixels.frames import chosen
from streams.pixels.image import Image
from streams.records import (
    ImageBasis,
    ImagingStudyVersion,
    Reading,
    Status,
    StudyPrediction,
    StudyPredictions,
    StudyRetry,
)
from streams.transport.produce import Out
from streams.workers.slow.replies import Errand, Trade

_encode = msgspec.json.Encoder().encode

UNDATED = "taken:unknown"
"""Reason: the record does not say when the study began, and its arrival says little of it."""


def said_of(
    study: ImagingStudyVersion, predictions: tuple[StudyPrediction, ...] = (), reasons: tuple[str, ...] = ()
) -> StudyPredictions:
    """Return what is said of one version of a study; a withdrawn one has nothing but its withdrawal."""
    return StudyPredictions(
        patient_id=study.patient_id,
        source=study.source,
        resource_id=study.resource_id,
        version=study.version,
        study_uid=study.study_uid,
        as_of=study.started_at or study.version.last_updated or study.received_at,
        received_at=study.received_at,
        withdrawn=study.withdrawn,
        encounter_id=study.encounter_id,
        predictions=predictions if study.started_at is not None else tuple(map(_undated, predictions)),
        reasons=reasons,
    )


def _undated(one: StudyPrediction) -> StudyPrediction:
    """Let a picture of which nobody says when it was taken count for nothing: it may be years old."""
    status: Status = "indeterminate" if one.status == "ok" else one.status
    return msgspec.structs.replace(one, status=status, reasons=(*one.reasons, UNDATED))


def predicted(reading: Reading, image: Image, unchecked: tuple[str, ...] = ()) -> StudyPrediction:
    """Return what a model says of a picture, with the picture as its basis.

    Parameters
    ----------
    unchecked
        What the model needs to be true of a picture and nobody says; a reading that is believed carries it along.
    """
    header = image.header
    rows, columns = image.values.shape
    basis = ImageBasis(
        series_uid=header.series_uid,
        instance_uids=(header.sop_uid,),
        frame=chosen(header.frames),
        rows=rows,
        columns=columns,
        modality=header.modality,
        body_part=header.body_part,
        view=header.view,
    )
    status: Status = "indeterminate" if reading.refusals else "ok"
    return StudyPrediction(reading.model, reading.version, status, reading.refusals or unchecked, basis, reading)


def predictions_out(said: StudyPredictions, partition: int) -> Out:
    """Return the record that carries predictions to the patient's partition."""
    return Out(topics.PREDICTIONS_IMAGING, partition, said.patient_id.encode(), _encode(said))


def retry_out(errand: Errand[ImagingStudyVersion], reason: str, have: int, topic: str) -> Out:
    """Return the record by which a study waits."""
    retry = StudyRetry(errand.event, errand.attempt + 1, errand.since, reason, have)
    return Out(topic, errand.run.partition, retry.study.patient_id.encode(), _encode(retry))


def _said_out(
    study: ImagingStudyVersion, predictions: tuple[StudyPrediction, ...], reasons: tuple[str, ...], partition: int
) -> Out:
    return predictions_out(said_of(study, predictions, reasons), partition)


TRADE: Trade[ImagingStudyVersion, StudyPrediction] = Trade(
    what="study",
    needs="its images",
    server="pacs-away",
    outcomes=metrics.STUDIES,
    seconds=metrics.STUDY_SECONDS,
    said=_said_out,
    retry=retry_out,
)
"""Of imaging studies."""
