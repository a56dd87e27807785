"""All models of a repository, each as its modality declares it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from streams.errors import ContractError
from streams.inference.declared import manifest_folder
from streams.inference.imaging_manifest import ImagingManifest, load_imaging
from streams.inference.manifest import Manifest, load
from streams.inference.notes_manifest import NotesManifest, load_notes

AnyManifest = Manifest | ImagingManifest | NotesManifest


def discover(repository: Path) -> tuple[AnyManifest, ...]:
    """Load every model of `repository`, in order of their names; every folder there must be a model."""
    return tuple(load_any(repository, name) for name in names(repository))


def names(repository: Path) -> tuple[str, ...]:
    """Return the models of `repository`, ascending."""
    return tuple(path.name for path in sorted(repository.iterdir()) if path.is_dir() and path.name[0] != ".")


def discover_imaging(repository: Path) -> tuple[ImagingManifest, ...]:
    """Load every model of images, in order of their names."""
    return tuple(spec for spec in discover(repository) if isinstance(spec, ImagingManifest))


def discover_notes(repository: Path) -> tuple[NotesManifest, ...]:
    """Load every model of clinical notes, in order of their names."""
    return tuple(spec for spec in discover(repository) if isinstance(spec, NotesManifest))


def discover_slow(repository: Path) -> tuple[ImagingManifest | NotesManifest, ...]:
    """Load every model of slow work: of images and of notes, in order of their names."""
    return tuple(spec for spec in discover(repository) if isinstance(spec, ImagingManifest | NotesManifest))


def load_any(repository: Path, name: str, version: str = "") -> AnyManifest:
    """Load one model of any modality, of the version it is shipped with or another one.

    Raises
    ------
    ContractError
        Where its folder does not keep its contract.
    """
    path = manifest_folder(repository / name, version) / "model.toml"
    try:
        modality = tomllib.loads(path.read_text("utf-8")).get("modality")
    except (OSError, ValueError) as error:
        raise ContractError(f"{path} cannot be read: {error}; export the model again or mend the file") from error
    if modality == "imaging":
        return load_imaging(repository, name, version)
    return (load_notes if modality == "note" else load)(repository, name, version)


def versions(repository: Path, name: str) -> tuple[str, ...]:
    """Return the versions of a model that lie in its folder, ascending; each is a folder named by a whole number."""
    found = [p.name for p in (repository / name).iterdir() if p.is_dir() and p.name.isdecimal()]
    return tuple(sorted(found, key=int))
