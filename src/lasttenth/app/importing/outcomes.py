"""What comes of the settings of another gateway: a file, and remarks on what it does not say or says differently."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from lasttenth.releases.exchange.outcomes import Remark


class ImportedModel(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one model that clients asked for. Where `name` is empty it could not be taken."""

    source: str
    name: str = ""
    """What clients ask for now."""
    remarks: tuple[Remark, ...] = ()


class SettingsImport(msgspec.Struct, frozen=True, kw_only=True):
    """The text of `lasttenth.yaml`, what became of each model, and what is to be said of the rest."""

    text: str
    models: tuple[ImportedModel, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def has_losses(self) -> bool:
        """Tell whether anything was lost on the way."""
        said = [*self.remarks, *(remark for model in self.models for remark in model.remarks)]
        return any(remark.kind == "lost" for remark in said)


SettingsImporter = Callable[[Path], SettingsImport]
"""Reads a file. Raises ConfigurationError where nothing of it can be read."""
