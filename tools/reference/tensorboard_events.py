"""TensorBoard's own reading and writing of event files.

    python tools/reference/tensorboard_events.py                        fixtures of packages/tensorboard
    python tools/reference/tensorboard_events.py check <folder>...      runs' event files against their metrics.jsonl

Needs tensorboard and torch. The fixture is what torch.utils.tensorboard writes of the events that events.json lists.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FIXTURES = Path(__file__).parents[2] / "packages/tensorboard/fixtures"
PROTO = Path(__file__).parents[1] / "protobuf/tensorboard.proto"
TIME = 1700000000.25
TEXT = "# Run\n\n| a | ü |\n| --- | --- |\n"
SCALARS = [
    ("loss", 0.1, 0),
    ("terms/class", 1 / 3, 0),
    ("loss", -0.0, 1),
    ("loss", math.pi * 1e-40, 2**40),
]
# TensorBoard's default loader shows nothing of scalars in 64 bits; they are read all the same.
READ_ONLY = [("loss", 0.1, 7, {"new_style": True}), ("loss", 0.1, 8, {"new_style": True, "double_precision": True})]
HPARAMS = {"training.learningRate": 1e-3, "image.use": "resnet18"}
METRICS = ["loss", "validation/accuracy"]


def write_fixtures():
    from torch.utils.tensorboard import SummaryWriter
    from torch.utils.tensorboard import summary as summaries
    from tensorboard.compat.proto.event_pb2 import Event

    written = []
    with tempfile.TemporaryDirectory() as folder:
        writer = SummaryWriter(folder, purge_step=3)
        for tag, value, step in SCALARS:
            writer.add_scalar(tag, value, step, walltime=TIME)
        writer.add_text("run", TEXT, 4, walltime=TIME)
        # One hyperparameter at a time: Python's maps are written in no order.
        for name, value in HPARAMS.items():
            for one in summaries.hparams({name: value}, dict.fromkeys(METRICS, 0)):
                writer.file_writer.add_summary(one, 5, walltime=TIME)
        writer.file_writer.add_summary(truth_value("training.nesterov"), 6, walltime=TIME)
        for tag, value, step, style in READ_ONLY:
            writer.add_scalar(tag, value, step, walltime=TIME, **style)
        writer.close()
        (file,) = Path(folder).iterdir()
        for record in records(file.read_bytes()):
            event = Event.FromString(record)
            # torch asks the clock for these.
            event.wall_time = TIME
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "hparams":
                    value.metadata.plugin_data.content = without_times(value.metadata.plugin_data.content)
            written.append(event.SerializeToString(deterministic=True).hex())
        whole = file.read_bytes()
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / "torch.tfevents").write_bytes(whole)
    given = {"wallTime": TIME, "text": TEXT, "hyperparameters": HPARAMS, "metrics": METRICS}
    given["scalars"] = [{"tag": tag, "value": value, "step": step} for tag, value, step in SCALARS]
    (FIXTURES / "events.json").write_text(json.dumps({**given, "records": written}, indent=1) + "\n")


def truth_value(name):
    """As TensorBoard's own API has it (keras_callback, hparams_pb); torch writes truth values as numbers."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    start = plugin_data_pb2.SessionStartInfo(start_time_secs=TIME)
    start.hparams[name].bool_value = True
    data = plugin_data_pb2.HParamsPluginData(session_start_info=start)
    value = Summary.Value(tag=metadata.SESSION_START_INFO_TAG, metadata=metadata.create_summary_metadata(data))
    return Summary(value=[value])


def without_times(content):
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    data = HParamsPluginData.FromString(content)
    for kind, field in (("session_start_info", "start_time_secs"), ("session_end_info", "end_time_secs")):
        if data.HasField(kind):
            setattr(getattr(data, kind), field, TIME)
    return data.SerializeToString(deterministic=True)


def records(data):
    """The records of a TFRecord file, checksums left aside."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 8], "little")
        yield data[at + 12 : at + 12 + length]
        at += 16 + length


def check_descriptors():
    """Every field of our .proto is TensorBoard's: its number, its type, its place in a oneof."""
    from google.protobuf import descriptor_pb2
    from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2
    from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "set")
        subprocess.run(["protoc", f"--proto_path={PROTO.parent}", f"--descriptor_set_out={out}", PROTO.name], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(Path(out).read_bytes())
    modules = (event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, api_pb2, plugin_data_pb2)
    checked = 0

    def compare(ours, theirs):
        nonlocal checked
        for field in ours.field:
            found = theirs.fields_by_name[field.name]
            same = (field.number, field.type, field.label == field.LABEL_REPEATED, field.HasField("oneof_index"))
            assert same == (found.number, found.type, found.is_repeated, found.containing_oneof is not None), field.name
            checked += 1
        for nested in ours.nested_type:
            compare(nested, theirs.nested_types_by_name[nested.name])

    for message in files.file[0].message_type:
        (theirs,) = {
            getattr(module, message.name).DESCRIPTOR for module in modules if hasattr(module, message.name)
        }
        compare(message, theirs)
    print(f"tensorboard.proto: {checked} fields are TensorBoard's")


def numbers(value, path=""):
    """The numbers of a line of metrics.jsonl by their paths, but for its digest and what it is over."""
    if isinstance(value, dict):
        return {k: v for name, child in value.items() for k, v in numbers(child, f"{path}/{name}" if path else name).items()}
    return {path: value} if isinstance(value, (int, float)) and not isinstance(value, bool) and path != "epoch" else {}


def check(folders):
    """Scalars, as TensorBoard has them, against metrics.jsonl, rounded to 32 bits; texts and hyperparameters are printed."""
    import numpy
    from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
    from tensorboard.util import tensor_util

    checked = 0
    for folder in map(Path, folders):
        events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
        found = {}
        for tag in events.PluginTagToContent("scalars"):
            for one in events.Tensors(tag):
                key = (one.step, tag)
                assert key not in found, f"{folder}: {key} is there twice"
                found[key] = tensor_util.make_ndarray(one.tensor_proto).item()
        tested = {key: found.pop(key) for key in list(found) if key[1].startswith("test/")}
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        expected = {(line["epoch"], path): float(numpy.float32(value)) for line in lines for path, value in numbers(line).items()}
        assert found == expected, (folder, set(found.items()) ^ set(expected.items()))
        checked += len(found)
        print(f"{folder}: {len(found)} scalars of {len(lines)} epochs are those of metrics.jsonl; test: {tested}")
        for tag in events.PluginTagToContent("text"):
            text = tensor_util.make_ndarray(events.Tensors(tag)[-1].tensor_proto).item().decode()
            print(f"  text {tag}: {text[:60]!r}…")
        for tag, content in events.PluginTagToContent("hparams").items():
            data = HParamsPluginData.FromString(content)
            kind = data.WhichOneof("data")
            hparams = dict(data.session_start_info.hparams) if kind == "session_start_info" else {}
            print(f"  hparams {tag}: {kind}, {len(hparams)} hyperparameters, status {data.session_end_info.status}")
    print(f"{checked} scalars equal")


if __name__ == "__main__":
    check_descriptors()
    if sys.argv[1:2] == ["check"]:
        check(sys.argv[2:])
    else:
        write_fixtures()
