"""What stands on `control.models`: the modes of each model's versions, and what scores are made of by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from streams.records import Mode, ModelModes, Prediction


class Standing(msgspec.Struct, frozen=True):
    """The modes of all models that anybody ever changed, and how far `control.models` had been read for it."""

    models: Mapping[str, ModelModes] = {}
    offset: int = -1
    """Of the newest record; -1 where there is none: every model is live as it was shipped."""

    def followed_by(self, records: Iterable[tuple[int, ModelModes]]) -> Standing:
        """Return what stands after some more records, each with its offset, in order."""
        models, offset = dict(self.models), self.offset
        for at, record in records:
            models[record.model], offset = record, at
        return Standing(models, offset)

    def modes(self, model: str, shipped: str) -> Mapping[str, Mode]:
        """Return version to mode of one model.

        Parameters
        ----------
        shipped
            The version that the model's folder names; live where nobody ever changed that.
        """
        return self.models[model].modes if model in self.models else {shipped: "live"}

    def live(self, model: str, shipped: str) -> str | None:
        """Return the version whose answers are part of scores; None where nothing of this model is shown."""
        return live_of(self.modes(model, shipped))

    def beside(self, model: str, shipped: str) -> dict[str, Mode]:
        """Return the versions that are asked and not shown, with their modes."""
        return {v: mode for v, mode in sorted(self.modes(model, shipped).items()) if mode != "live"}

    def shows(self, model: str, version: str) -> bool:
        """Tell whether what a version says may enter a score: it is live, or nobody ever changed that model."""
        return model not in self.models or self.models[model].modes.get(version) == "live"

    def shown(self, predictions: Iterable[Prediction]) -> tuple[Prediction, ...]:
        """Return the predictions that may enter a score, in order."""
        return tuple(p for p in predictions if self.shows(p.model, p.version))

    def text(self, model: str, shipped: str) -> str:
        """Return what scores are a function of beside the facts, in one line: each changed model, its live version.

        ``-chest_xray_cnn deterioration_gru/3``: two standings with the same text make the same scores.

        Parameters
        ----------
        model, shipped
            The model of vital signs, which is named in any case.
        """
        lives = {name: live_of(record.modes) for name, record in self.models.items()} | {
            model: self.live(model, shipped)
        }
        return " ".join(f"{name}/{lives[name]}" if lives[name] else f"-{name}" for name in sorted(lives))


EVERYTHING = Standing()
"""Nobody changed anything: every model is live as it was shipped."""


def live_of(modes: Mapping[str, Mode]) -> str | None:
    """Return the version that is live; None where none is."""
    return next((version for version, mode in modes.items() if mode == "live"), None)
