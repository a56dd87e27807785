"""Eight bits change little, and a row's answer is its own whatever else is in the call."""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, checker, helper, numpy_helper

from training.notes_bert.quantise import LONG, quantise

RANDOM = np.random.default_rng(7)
TABLE = RANDOM.normal(size=(50, 128)).astype(np.float32)
WEIGHTS = RANDOM.normal(size=(128, 96)).astype(np.float32)


def model():
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "ids"], ["rows"]),
            helper.make_node("MatMul", ["rows", "weights"], ["out"]),
        ],
        "small",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["batch", "length", 96])],
        [numpy_helper.from_array(TABLE, "table"), numpy_helper.from_array(WEIGHTS, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def answer(made, ids):
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"ids": ids})[0]


@pytest.fixture(scope="module")
def eight():
    made = model()
    quantise(made)
    checker.check_model(made, full_check=True)
    return made


def test_large_weights_are_whole_numbers_and_operators_are_standard(eight):
    kinds = {w.name: numpy_helper.to_array(w).dtype for w in eight.graph.initializer}
    assert kinds["weights.int8"] == kinds["table.int8"] == np.int8
    assert not {"weights", "table"} & set(kinds)
    assert {node.domain for node in eight.graph.node} == {""}


def test_answers_are_near_those_of_single_precision(eight):
    ids = np.arange(50, dtype=np.int64).reshape(2, 25)
    expected = TABLE[ids] @ WEIGHTS
    assert np.abs(answer(eight, ids) - expected).max() < 0.03 * np.abs(expected).max()


def test_an_answer_does_not_depend_on_what_is_asked_beside_it(eight):
    alone = answer(eight, np.array([[3, 4]], np.int64))
    among = answer(eight, np.array([[3, 4], [9, 49]], np.int64))
    np.testing.assert_array_equal(alone[0], among[0])


def test_narrow_tables_stay_as_they_are():
    made = model()
    made.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.ones((2000, 6), np.float32), "table"))
    made.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.ones((6, 96), np.float32), "weights"))
    quantise(made)
    assert "table" in {w.name for w in made.graph.initializer}


def test_a_long_narrow_table_has_a_scale_for_each_column():
    table = RANDOM.normal(size=(LONG, 6)).astype(np.float32) * np.array([1, 2, 4, 8, 16, 32], np.float32)
    made = model()
    made.graph.initializer[0].CopyFrom(numpy_helper.from_array(table, "table"))
    made.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.eye(6, 96, dtype=np.float32), "weights"))
    quantise(made)
    checker.check_model(made, full_check=True)
    assert "table" not in {w.name for w in made.graph.initializer}
    ids = np.array([[0, 7, LONG - 1]], np.int64)
    apart = np.abs(answer(made, ids)[..., :6] - table[ids])
    assert (apart <= 0.51 / 127 * np.abs(table).max(0)).all()
