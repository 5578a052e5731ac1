"""A neural network's graph (ONNX), compiled by OpenVINO for the CPU, for any number of threads."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class CompiledGraph:
    """`streams` threads compute at the same time, one CPU each; others wait for their turn."""

    def __init__(self, path: Path, streams: int, *, output: str | None = None) -> None:
        """Read and compile; `output` names an inner value that is computed instead of the graph's outputs, and nothing after it.

        Raises RuntimeError when OpenVINO cannot read the graph, or it has no such value.
        """
        import openvino

        core = openvino.Core()
        # one thread a stream: processes run side by side, and one thread each is faster than many that wait for one another
        options = {
            "PERFORMANCE_HINT": "THROUGHPUT",
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": streams,
            "ENABLE_CPU_PINNING": False,
        }
        model = core.read_model(str(path))
        if output is not None:
            model = openvino.Model([_value(model, output)], model.get_parameters(), output)
        self.model = core.compile_model(model, "CPU", options)
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(streams):
            self._requests.put(self.model.create_infer_request())

    def run(self, inputs: Mapping[str, NDArray[Any]], output: str) -> Floats:
        """One output, f32, of one batch."""
        request = self._requests.get()
        try:
            result: Floats = request.infer(dict(inputs))[output].copy()
        finally:
            self._requests.put(request)
        return result

    def width(self, name: str) -> int:
        """The last dimension of an input or output. Raises RuntimeError when there is none of that name."""
        port = self.model.input(name) if any(name in port.get_names() for port in self.model.inputs) else self.model.output(name)
        return int(port.partial_shape[len(port.partial_shape) - 1].get_length())


def batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Positions of texts of about the same length, so that little is padding, at most so many tokens together."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[at] * (len(batch) + 1) > most:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def _value(model: Any, name: str) -> Any:
    """The output of the node that computes the value `name`."""
    for node in model.get_ops():
        for port in node.outputs():
            if name in port.get_names():
                return port
    raise RuntimeError(f"The graph has no value {name!r}.")
