"""The transformer as an ONNX graph: from embeddings of tokens to hidden states and a unit vector for each text.

Operators: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. `MatMulNBits` multiplies by the packed weights as
they are, so nothing is quantized twice.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from tools.build_encoder.packed import BLOCK, PackedMatrix, PackedModel

CONTRIB = "com.microsoft"
ACCURACY_INT8 = 4  # activations in int8 for each block: cosine 0.9999 to fp32 (tests/rag/test_encoder.py)
OPSET, IR_VERSION = 17, 10

Floats = NDArray[np.float32]


@dataclass(slots=True)
class Graph:
    """Nodes and weights, in the order in which they are added."""

    nodes: list[NodeProto] = field(default_factory=list)
    weights: list[TensorProto] = field(default_factory=list)

    def weight(self, name: str, values: NDArray[np.generic]) -> str:
        """Add a constant; returns its name."""
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        """Add an operation with one output; returns the output's name."""
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def matmul(self, x: str, name: str, matrix: PackedMatrix, bias: Floats) -> str:
        """`x` times the transposed matrix, plus bias."""
        rows, columns = matrix.codes.shape
        nibbles = matrix.codes.reshape(rows, columns // BLOCK, BLOCK // 2, 2)
        packed = self.weight(f"{name}.codes", nibbles[..., 0] | (nibbles[..., 1] << 4))
        scales = self.weight(f"{name}.scales", matrix.scales.astype(np.float32).reshape(-1))
        inputs = [x, packed, scales, "", "", self.weight(f"{name}.bias", bias)]
        sizes = {"K": columns, "N": rows, "bits": 4, "block_size": BLOCK, "accuracy_level": ACCURACY_INT8}
        return self.node("MatMulNBits", inputs, name, domain=CONTRIB, **sizes)


def build(model: PackedModel, projection: Floats) -> ModelProto:
    """The graph. Inputs: `embeddings` f32 (b, t, h), word and type embeddings summed; `mask` i32 (b, t), 1 for a token.

    Outputs: `hidden` f32 (b, t, h), and `pooled` f32 (b, d), the mean of the tokens' hidden states times `projection` (h, d), at
    unit length.
    """
    graph = Graph()
    states = _embedded(graph, model)
    for layer in range(model.sizes.layers):
        states = _layer(graph, model, layer, states)
    graph.node("Identity", [states], "hidden")
    _pooled(graph, projection)
    values = [
        helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["b", "t", model.sizes.hidden]),
        helper.make_tensor_value_info("mask", TensorProto.INT32, ["b", "t"]),
        helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["b", "t", model.sizes.hidden]),
        helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["b", projection.shape[1]]),
    ]
    made = helper.make_graph(graph.nodes, "encoder", values[:2], values[2:], graph.weights)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
    proto = helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION, producer_name="glossa")
    checker.check_model(proto)
    return proto


def _embedded(graph: Graph, model: PackedModel) -> str:
    """Positions are added to what the caller looked up, then normalised."""
    sizes, vectors = model.sizes, model.vectors
    positions = graph.weight("positions", vectors["emb.pos"].reshape(sizes.positions, sizes.hidden))
    graph.node("Shape", ["embeddings"], "length", start=1, end=2)
    graph.node("Slice", [positions, graph.weight("zero", np.array([0])), "length"], "placed")
    graph.node("Add", ["embeddings", "placed"], "summed")
    norm = [graph.weight(f"emb.{name}", vectors[f"emb.ln.{name}"]) for name in ("w", "b")]
    return graph.node("LayerNormalization", ["summed", *norm], "embedded", axis=-1, epsilon=sizes.epsilon)


def _layer(graph: Graph, model: PackedModel, layer: int, states: str) -> str:
    name = f"l{layer}"

    def linear(x: str, part: str) -> str:
        return graph.matmul(x, f"{name}.{part}", model.matrices[f"{name}.{part}.w"], model.vectors[f"{name}.{part}.b"])

    def add_and_norm(x: str, part: str) -> str:
        norm = [graph.weight(f"{name}.{part}.{each}", model.vectors[f"{name}.{part}.{each}"]) for each in ("w", "b")]
        inputs, output = [x, states, *norm], f"{name}.{part}"
        return graph.node("SkipLayerNormalization", inputs, output, domain=CONTRIB, epsilon=model.sizes.epsilon)

    heads = [linear(states, part) for part in ("q", "k", "v")]
    attended = graph.node("MultiHeadAttention", [*heads, "", "mask"], f"{name}.attended", domain=CONTRIB, num_heads=model.sizes.heads)
    states = add_and_norm(linear(attended, "ao"), "aln")
    widened = graph.node("Gelu", [linear(states, "fi")], f"{name}.widened", domain=CONTRIB)
    return add_and_norm(linear(widened, "fo"), "oln")


def _pooled(graph: Graph, projection: Floats) -> None:
    graph.node("Cast", ["mask"], "shares", to=TensorProto.FLOAT)
    graph.node("Unsqueeze", ["shares", graph.weight("last", np.array([-1]))], "weighing")
    graph.node("Mul", ["hidden", "weighing"], "weighed")
    graph.node("ReduceSum", ["weighed", graph.weight("tokens", np.array([1]))], "sums", keepdims=0)
    graph.node("ReduceSum", ["shares", graph.weight("each", np.array([1]))], "counts", keepdims=1)
    graph.node("Div", ["sums", "counts"], "mean")
    graph.node("MatMul", ["mean", graph.weight("projection", projection)], "projected")
    graph.node("LpNormalization", ["projected"], "pooled", axis=-1, p=2)
