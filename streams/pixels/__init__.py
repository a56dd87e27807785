"""DICOM bytes to pictures as models read them, within limits of size, memory and time; no network, no Kafka."""
