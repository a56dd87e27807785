"""The learned models run in this process, on the same facts, without Triton: what every last score is held against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from streams.errors import ContractError
from streams.inference.manifest import Manifest, check_output
from streams.inference.outcomes import Contract, Outcome, Row, Value

BATCH = 64


class OfflineScorer:
    """Scores prepared rows with onnxruntime on the CPU.

    Raises
    ------
    ContractError
        Where onnxruntime is not installed.
    """

    def __init__(self, repository: Path, spec: Manifest) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ContractError(
                "verify: expected onnxruntime for running the models offline, found none; "
                "install cardiostream[embedded], or call verify with --without-model"
            ) from error
        self.spec = spec
        self._session: Any = onnxruntime.InferenceSession(
            str(repository / spec.name / spec.onnx.file), providers=["CPUExecutionProvider"]
        )

    def score(self, rows: Sequence[Row]) -> list[Outcome]:
        """Return one outcome per row, in order."""
        outcomes: list[Outcome] = []
        for start in range(0, len(rows), BATCH):
            outcomes += self._batch(rows[start : start + BATCH])
        return outcomes

    def _batch(self, rows: Sequence[Row]) -> list[Outcome]:
        tensors = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        names = [output.name for output in self._session.get_outputs()]
        answer = check_output(self.spec, dict(zip(names, self._session.run(names, tensors), strict=True)), len(rows))
        pairs = zip(answer.values.tolist(), answer.ok.tolist(), strict=True)
        return [Value(value) if ok else Contract(answer.fault) for value, ok in pairs]
