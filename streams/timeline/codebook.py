"""The codes that the state writes as numbers."""

from __future__ import annotations

CODEBOOK: tuple[str, ...] = (
    "8867-4", "9279-1", "2708-6", "8310-5", "8480-6", "8462-4", "8478-0", "9269-2", "9267-6", "9270-0", "9268-4",
    "3151-8", "3150-6", "29463-7", "8302-2", "1751-7", "6768-6", "1742-6", "1920-8", "1975-2", "3094-0", "2093-3",
    "2160-0", "2345-7", "1963-8", "4544-3", "2823-3", "2524-7", "19123-9", "2951-2", "2019-8", "2703-7", "2744-1",
    "777-3", "10839-9", "6598-7", "6690-2", "9187-6", "80288-4", "supplemental-oxygen", "news2-spo2-scale-2",
)  # fmt: skip
"""Codes that the state writes as their place here. Part of the schema: append only, never reorder."""

PLACE = {code: place for place, code in enumerate(CODEBOOK)}
