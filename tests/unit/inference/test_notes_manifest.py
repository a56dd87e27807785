"""A folder of a model of notes is believed only as far as it keeps its contract."""

import msgspec
import pytest

from streams.errors import ContractError
from streams.inference.notes_manifest import NotesManifest, load_notes
from streams.inference.repository import discover, discover_imaging, discover_notes
from tests.unit.modalities.notes.manifests import READER, put


def test_what_is_written_is_read_back_and_knows_its_folder(tmp_path):
    folder = put(tmp_path)
    found = load_notes(tmp_path, "reader")
    assert found == msgspec.structs.replace(READER, folder=str(folder))
    assert found.vocabulary_path == folder / "1" / "vocab.txt"


def test_discovery_tells_models_of_notes(tmp_path):
    put(tmp_path)
    assert [type(one) for one in discover(tmp_path)] == [NotesManifest]
    assert [one.name for one in discover_notes(tmp_path)] == ["reader"]
    assert discover_imaging(tmp_path) == ()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (('kind = "bert"', 'kind = "oracle"'), "cannot be read"),
        (('pooling = "attention-and-words"', 'pooling = "luck"'), "cannot be read"),
        (("max_tokens = 16", "max_tokens = 20"), "must rise and end at 20"),
        (("overlap = 4", "overlap = 9"), "at most half"),
        (('name = "reader"', 'name = "another"'), "must be the same"),
        (('"DM"', '"DM("'), "no regular expression"),
        (("at = 0.0", "at = 0.2"), "levels start"),
        (("-1,\n    2,\n", "-1,\n    3,\n"), "expected"),
    ],
)
def test_a_manifest_that_says_something_impossible_is_refused(tmp_path, edit, message):
    put(tmp_path, edit=edit)
    with pytest.raises(ContractError, match=message):
        load_notes(tmp_path, "reader")


@pytest.mark.parametrize("file", ["vocab.txt", "model.onnx"])
def test_a_file_that_is_not_the_declared_one_is_refused(tmp_path, file):
    (put(tmp_path) / "1" / file).write_text("another")
    with pytest.raises(ContractError, match="SHA-256"):
        load_notes(tmp_path, "reader")


def test_a_missing_vocabulary_is_refused(tmp_path):
    (put(tmp_path) / "1" / "vocab.txt").unlink()
    with pytest.raises(ContractError, match="export the model again"):
        load_notes(tmp_path, "reader")
