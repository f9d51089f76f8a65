"""Write the ONNX graph of a BERT sentence encoder over the weights of a safetensors file: for people who change it.

    python -m scripts.embedder_graph WEIGHTS src/lasttenth/models/embeddings/minilm.onnx

The graph has no weights of its own. Every tensor is an external one: file name, offset and length inside the weights
file, which therefore stays the one pinned file. It needs standard operators alone (opset 20), and the package onnx,
which Lasttenth itself does without.
"""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

EPSILON = 1e-12
"""Of the layer norms, and the least length that a vector is divided by."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A BERT encoder's size; the defaults are those of all-MiniLM-L6-v2."""

    layers: int = 6
    heads: int = 12
    hidden: int = 384


class Tensor(msgspec.Struct, frozen=True):
    """Where a tensor lies: `data_offsets` count bytes from the end of the file's header."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


def encoder(weights: Path, shape: Shape) -> bytes:
    """Return the model: token ids and mask, int64 (batch, tokens), to unit rows, float32 (batch, hidden)."""
    graph = _Graph(weights, shape)
    states = _embeddings(graph)
    for layer in range(shape.layers):
        states = _layer(graph, states, prefix=f"encoder.layer.{layer}.")
    _pooled(graph, graph.reshaped(states, [shape.hidden]))
    return graph.model()


class _Graph:
    """Nodes and tensors in the order in which they are added; names are numbers, so that the bytes never vary."""

    def __init__(self, weights: Path, shape: Shape) -> None:
        self.shape = shape
        self._file = weights.name
        self._tensors, self._start = _header(weights)
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self.tokens = self.add("Shape", "input_ids")
        self.visible = self.add("Cast", "attention_mask", to=onnx.TensorProto.FLOAT)

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: float | Sequence[int]) -> str:
        """Add a node and return the name of its one output."""
        name = output or f"value_{len(self._nodes)}"
        node = helper.make_node(operator, inputs, [name])
        node.attribute.extend(helper.make_attribute(key, value) for key, value in sorted(attributes.items()))
        self._nodes.append(node)
        return name

    def weight(self, name: str) -> str:
        """Return the name of a tensor of the weights file."""
        tensor = self._tensors[name]
        begin, end = tensor.data_offsets
        place = {"location": self._file, "offset": str(self._start + begin), "length": str(end - begin)}
        proto = onnx.TensorProto(name=name, dims=tensor.shape, data_type=onnx.TensorProto.FLOAT)
        proto.data_location = onnx.TensorProto.EXTERNAL
        proto.external_data.extend(onnx.StringStringEntryProto(key=key, value=value) for key, value in place.items())
        self._constants[name] = proto
        return name

    def integers(self, *values: int) -> str:
        """Return the name of a constant int64 vector."""
        return self._constant("integers", np.array(values, dtype=np.int64))

    def number(self, value: float) -> str:
        """Return the name of a constant float32 scalar."""
        return self._constant("number", np.array(value, dtype=np.float32))

    def linear(self, states: str, name: str) -> str:
        """Multiply rows with a weight that is stored transposed, as PyTorch stores it."""
        return self.add("Gemm", states, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), transB=1)

    def normalised(self, states: str, name: str) -> str:
        """Apply a layer norm over the last axis."""
        parameters = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.add("LayerNormalization", states, *parameters, axis=-1, epsilon=EPSILON)

    def reshaped(self, states: str, tail: Sequence[int]) -> str:
        """Shape rows into (batch, tokens, *tail)."""
        return self.add("Reshape", states, self.add("Concat", self.tokens, self.integers(*tail), axis=0))

    def model(self) -> bytes:
        """Return everything added so far as the bytes of a model."""
        integer, real = onnx.TensorProto.INT64, onnx.TensorProto.FLOAT
        inputs = ("input_ids", "attention_mask")
        graph = helper.make_graph(
            self._nodes,
            "sentence_encoder",
            [helper.make_tensor_value_info(name, integer, ["batch", "tokens"]) for name in inputs],
            [helper.make_tensor_value_info("embedding", real, ["batch", self.shape.hidden])],
            list(self._constants.values()),
        )
        model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 20)])
        return bytes(model.SerializeToString(deterministic=True))

    def _constant(self, kind: str, values: NDArray[np.int64] | NDArray[np.float32]) -> str:
        name = f"{kind}_{'_'.join(str(value) for value in values.flatten())}"
        self._constants[name] = onnx.numpy_helper.from_array(values, name)
        return name


def _header(weights: Path) -> tuple[dict[str, Tensor], int]:
    """Return the tensors of a safetensors file, and where its data begin: 8 bytes of length, then JSON, then data."""
    with weights.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    return msgspec.convert(header, dict[str, Tensor]), 8 + length


def _embeddings(graph: _Graph) -> str:
    """Return the sum of word, position and (always the first) segment vectors, normalised: (batch * tokens, hidden)."""
    words = graph.add("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    length = graph.add("Slice", graph.tokens, graph.integers(1), graph.integers(2))
    table = graph.weight("embeddings.position_embeddings.weight")
    positions = graph.add("Slice", table, graph.integers(0), length)
    segment = graph.add("Gather", graph.weight("embeddings.token_type_embeddings.weight"), graph.integers(0))
    states = graph.add("Add", graph.add("Add", words, positions), segment)
    rows = graph.add("Reshape", states, graph.integers(-1, graph.shape.hidden))
    return graph.normalised(rows, "embeddings.LayerNorm")


def _layer(graph: _Graph, states: str, *, prefix: str) -> str:
    """Return the rows after self-attention and feed-forward (BERT, arXiv:1810.04805: the norm comes last)."""
    context = graph.linear(
        _attention(graph, states, prefix=f"{prefix}attention.self."), f"{prefix}attention.output.dense"
    )
    states = graph.normalised(graph.add("Add", context, states), f"{prefix}attention.output.LayerNorm")
    wide = graph.add("Gelu", graph.linear(states, f"{prefix}intermediate.dense"))
    narrow = graph.linear(wide, f"{prefix}output.dense")
    return graph.normalised(graph.add("Add", narrow, states), f"{prefix}output.LayerNorm")


def _attention(graph: _Graph, states: str, *, prefix: str) -> str:
    width = graph.shape.hidden // graph.shape.heads

    def heads(name: str, order: Sequence[int]) -> str:
        rows = graph.reshaped(graph.linear(states, prefix + name), [graph.shape.heads, width])
        return graph.add("Transpose", rows, perm=order)

    query, key, value = heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]), heads("value", [0, 2, 1, 3])
    hidden = graph.add("Mul", graph.add("Sub", graph.number(1), graph.visible), graph.number(-1e9))
    scores = graph.add("Mul", graph.add("MatMul", query, key), graph.number(1 / math.sqrt(width)))
    masked = graph.add("Add", scores, graph.add("Unsqueeze", hidden, graph.integers(1, 2)))
    context = graph.add("MatMul", graph.add("Softmax", masked, axis=-1), value)
    rows = graph.add("Transpose", context, perm=[0, 2, 1, 3])
    return graph.add("Reshape", rows, graph.integers(-1, graph.shape.hidden))


def _pooled(graph: _Graph, states: str) -> str:
    """Return the mean over the visible tokens, made one long."""
    one = graph.integers(1)
    total = graph.add("Squeeze", graph.add("MatMul", graph.add("Unsqueeze", graph.visible, one), states), one)
    mean = graph.add("Div", total, graph.add("ReduceSum", graph.visible, one, keepdims=1))
    length = graph.add("Max", graph.add("ReduceL2", mean, one, keepdims=1), graph.number(EPSILON))
    return graph.add("Div", mean, length, output="embedding")


def main() -> None:
    """Write the graph of the weights file named first to the file named second."""
    weights, target = map(Path, sys.argv[1:])
    size = target.write_bytes(encoder(weights, Shape()))
    print(f"{target}: {size} bytes")


if __name__ == "__main__":
    main()
