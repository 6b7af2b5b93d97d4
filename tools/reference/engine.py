"""The second opinion on exported models: onnx.checker, strict shape inference, and ONNX Runtime's reference for Python.

    python tools/reference/engine.py <folder>        (needs onnx, onnxruntime, safetensors)

For every <folder>/<name>.onnx, runs it on the tensors of <name>.inputs.safetensors and writes its outputs to
<name>.python.safetensors. Prints one JSON object: by model, its producer, metadata, inputs and outputs.
"""

import json
import sys
from pathlib import Path

import onnx
import onnxruntime
from safetensors.numpy import load_file, save_file


def dims(value):
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def run(path):
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(path)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    outputs = session.run(names, load_file(path.with_suffix(".inputs.safetensors")))
    save_file(dict(zip(names, outputs)), path.with_suffix(".python.safetensors"))
    return {
        "producer": [model.producer_name, model.producer_version],
        "graph": model.graph.name,
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
        "inputs": {value.name: dims(value) for value in model.graph.input},
        "outputs": {value.name: dims(value) for value in model.graph.output},
    }


if __name__ == "__main__":
    print(json.dumps({path.stem: run(path) for path in sorted(Path(sys.argv[1]).glob("*.onnx"))}))
