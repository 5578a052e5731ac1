"""Writes a trained network as the files that `rag.reader` reads, its matrices in 4 bits as the encoder's."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper

from rag.reader import FORMAT
from tools.build_encoder.graph import Graph, layer, made
from tools.build_encoder.packed import BLOCK, PackedMatrix, PackedModel
from tools.train_reader.network import LINEAR, NORMS, Network

CODES = 16  # of 4 bits; 8 stands for zero
SHRINKS = np.linspace(0.7, 1.05, 15, dtype=np.float32)  # of a block's scale: of these the one with the least square error is taken

Floats = NDArray[np.float32]


def write(network: Network, model: PackedModel, first: int, folder: Path) -> None:
    """The graph, the segments and the configuration; `first` is the encoder's layer that the network begins instead of."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reader.onnx").write_bytes(_graph(network, model, first).SerializeToString())
    np.save(folder / "segments.npy", _array(network.segments))
    configuration = {"format": FORMAT, "states": f"l{first - 1}.oln"}
    (folder / "config.json").write_text(json.dumps(configuration, indent=1) + "\n", encoding="utf-8")


def packed(weights: Floats) -> PackedMatrix:
    """Weights f32 (rows, columns) in Q4_0: in each block of 32 the scale with the least square error."""
    rows, columns = weights.shape
    blocks = weights.reshape(-1, BLOCK)
    furthest = np.take_along_axis(blocks, np.abs(blocks).argmax(1)[:, None], 1)[:, 0]
    best_error, best_scale, best_codes = np.full(len(blocks), np.inf), np.zeros(len(blocks), np.float16), np.zeros(blocks.shape, np.uint8)
    for shrink in SHRINKS:
        scale = (furthest / -(CODES // 2) * shrink).astype(np.float16)
        steps = np.where(scale == 0, 1, scale).astype(np.float32)[:, None]
        codes = np.clip(np.rint(blocks / steps) + CODES // 2, 0, CODES - 1)
        error = np.square((codes - CODES // 2) * scale[:, None].astype(np.float32) - blocks).sum(1)
        better = error < best_error
        best_error[better], best_scale[better], best_codes[better] = error[better], scale[better], codes[better].astype(np.uint8)
    return PackedMatrix(best_codes.reshape(rows, columns), best_scale.reshape(rows, columns // BLOCK))


def _graph(network: Network, model: PackedModel, first: int) -> "helper.ModelProto":
    """Inputs: `states` f32 (b, t, h) with the segments added, `mask` i32 (b, t). Output: `logits` f32 (b, t, 4)."""
    trained, graph, states = _with_trained(network, model, first), Graph(), "states"
    for number in range(first, model.sizes.layers):
        states = layer(graph, trained, number, states)
    weight, bias = graph.weight("head", _array(network.head.weight).T), graph.weight("head.bias", _array(network.head.bias))
    graph.node("MatMul", [states, weight], "marks")
    graph.node("Add", ["marks", bias], "logits")
    inputs = [
        helper.make_tensor_value_info("states", TensorProto.FLOAT, ["b", "t", model.sizes.hidden]),
        helper.make_tensor_value_info("mask", TensorProto.INT32, ["b", "t"]),
    ]
    return made(graph, "reader", inputs, [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", "t", len(network.head.bias)])])


def _with_trained(network: Network, model: PackedModel, first: int) -> PackedModel:
    """The encoder with the trained layers in place of its own."""
    vectors, matrices = dict(model.vectors), dict(model.matrices)
    for number, own in enumerate(network.layers, start=first):
        for name in LINEAR:
            matrices[f"l{number}.{name}.w"] = packed(_array(own.parts[name].weight))
            vectors[f"l{number}.{name}.b"] = _array(own.parts[name].bias)
        for name in NORMS:
            vectors[f"l{number}.{name}.w"], vectors[f"l{number}.{name}.b"] = _array(own.norms[name].weight), _array(own.norms[name].bias)
    return replace(model, vectors=vectors, matrices=matrices)


def _array(tensor: torch.Tensor) -> Floats:
    values: Floats = tensor.detach().float().numpy().copy()
    return values
