"""A folder of a model of images is believed only as far as it keeps its contract."""

import hashlib

import msgspec
import pytest

from streams.errors import ContractError
from streams.inference.declared import Onnx
from streams.inference.imaging_manifest import ImagingManifest, load_imaging
from streams.inference.manifest import Manifest
from streams.inference.repository import discover, discover_imaging
from tests.unit.modalities.imaging.manifests import CLASSIFIER, MEASURER
from training.manifest_file import manifest_text


@pytest.fixture
def put(tmp_path):
    """Write a manifest and a network of a few bytes into a folder, and return the repository."""

    def _put(manifest, edit=("", "")):
        folder = tmp_path / manifest.name
        (folder / "1").mkdir(parents=True)
        (folder / "1" / "model.onnx").write_bytes(b"network")
        digest = hashlib.sha256(b"network").hexdigest()
        manifest = msgspec.structs.replace(manifest, onnx=Onnx("1/model.onnx", digest, 17, 8))
        (folder / "model.toml").write_text(manifest_text(manifest).replace(*edit))
        return tmp_path

    return _put


@pytest.mark.parametrize("manifest", [MEASURER, CLASSIFIER], ids=lambda m: m.name)
def test_what_is_written_is_read_back(put, manifest):
    found = load_imaging(put(manifest), manifest.name)
    assert msgspec.structs.replace(found, onnx=manifest.onnx) == manifest


def test_discovery_tells_models_of_images(put):
    repository = put(MEASURER)
    put(CLASSIFIER)
    assert [type(one) for one in discover(repository)] == [ImagingManifest, ImagingManifest]
    assert [one.name for one in discover_imaging(repository)] == ["classifier", "measurer"]
    assert not any(isinstance(one, Manifest) for one in discover(repository))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (('kind = "unet"', 'kind = "oracle"'), "cannot be read"),
        (('kind = "outline"', 'kind = "dream"'), "cannot be read"),
        (('unknown_age = "refuse"', 'unknown_age = "guess"'), "cannot be read"),
        (('unknown_age = "refuse"', "forever_young = true"), "cannot be read"),
        (('fit = "stretch"', 'fit = "crush"'), "cannot be read"),
        (("min_side = 4", "min_side = 0"), "cannot be read"),
        (("max_batch = 4", "max_batch = 0"), "cannot be read"),
        (('name = "measurer"', 'name = "another"'), "must be the same"),
        (('of = [\n    "heart",\n]', 'of = ["liver"]'), "no output outlines"),
        (("sha256 = ", 'sha256 = "00" #'), "SHA-256"),
    ],
)
def test_a_manifest_that_says_something_impossible_is_refused(put, edit, message):
    repository = put(MEASURER, edit)
    with pytest.raises(ContractError, match=message):
        load_imaging(repository, "measurer")


def test_levels_that_do_not_start_at_zero_are_refused(put):
    with pytest.raises(ContractError, match="levels start"):
        load_imaging(put(CLASSIFIER, ("at = 0.0", "at = 0.9")), "classifier")


def test_a_folder_without_manifest_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ContractError, match="cannot be read"):
        discover(tmp_path)
