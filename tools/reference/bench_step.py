"""PyTorch peers of `npm run bench -- step`: one training step of CLIP-Lung, preset `paper`, tower frozen.

    python tools/reference/bench_step.py <published | best> <folder>        (needs torch and safetensors)

published   the tower as the published code runs it: a loop over nodules, every prompt padded to 77 tokens
best        as fast as we could make it in PyTorch: the tower runs each nodule's prompts as one prefix tree (see
            bench_text.py), the images have the layout in which the encoder proves faster here, the optimiser is fused

The folder holds what bench_text.py reads of the tower, and `step.safetensors`: `params.*`, `statistics.*`, `images`, `labels`
and `attributeWeights`. For every line `step <nodules>` on standard input the first nodules are learned from once; a line of
JSON says how long it took, and what the loss was before.
"""

import json
import resource
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from bench_text import Best, Published, Tower
from model import ClipLung, Sizes, paper_terms, total

LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, AVERAGE_DECAY = 1e-3, 0.9, 5e-5, 0.999
TEXTS = 3 + 8  # classes and attributes; the published design runs a ninth attribute, which the preset does not use


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def faster_layout(encoder, images):
    """contiguous or channels_last, whichever takes the image encoder less for a pass and its gradients"""

    def run(layout):
        encoder.to(memory_format=layout)
        maps, groups = encoder(images.contiguous(memory_format=layout))
        (maps.square().sum() + groups.sum()).backward()

    layouts = (torch.contiguous_format, torch.channels_last)
    times = {layout: min(seconds(lambda: run(layout)) for _ in range(3)) for layout in layouts}
    encoder.zero_grad()
    return min(times, key=times.get)


class Peer:
    def __init__(self, design, folder):
        prompts = json.loads((folder / "prompts.json").read_text())
        given = load_file(folder / "step.safetensors")
        best = design == "best"
        suffixes = prompts["suffixes"] + ([] if best else prompts["ninth"])
        kind = Best if best else Published
        tower = kind(Tower(folder), prompts["sos"], prompts["eot"], suffixes, Sizes.groups)
        self.model = ClipLung(Sizes(), lambda contexts: tower.features(contexts)[:, :TEXTS])
        self.images, self.labels, self.weights = given["images"], given["labels"].long(), given["attributeWeights"]
        layout = faster_layout(self.model.image, self.images) if best else torch.contiguous_format
        self.model.image.to(memory_format=layout)
        self.images = self.images.contiguous(memory_format=layout)
        state = {name.removeprefix("params."): value for name, value in given.items() if name.startswith("params.")}
        state |= {f"image.{name.removeprefix('statistics.')}": value for name, value in given.items() if name.startswith("statistics.")}
        missing, unknown = self.model.load_state_dict(state, strict=False)
        if unknown or any("num_batches" not in name for name in missing):
            raise SystemExit(f"the parameters differ: {missing} are missing, {unknown} unknown")
        learned = list(self.model.parameters())
        self.optimizer = torch.optim.SGD(learned, LEARNING_RATE, MOMENTUM, weight_decay=WEIGHT_DECAY, fused=best or None)
        statistics = [value for name, value in self.model.named_buffers() if "running" in name]
        self.averaged = [value.detach() for value in learned + statistics]
        self.average = [value.clone() for value in self.averaged]
        self.about = {"layout": str(layout).removeprefix("torch.")} if best else {}

    def step(self, nodules):
        labels, weights = self.labels[:nodules], self.weights[:nodules]
        loss = total(paper_terms(self.model(self.images[:nodules]), labels, weights))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        torch._foreach_lerp_(self.average, self.averaged, 1 - AVERAGE_DECAY)
        return loss.item()


def main():
    peer = Peer(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps(peer.about), flush=True)
    for line in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        loss = peer.step(int(line.split()[1]))
        milliseconds, cpu = (time.perf_counter() - start) * 1e3, (time.process_time() - cpu) * 1e3
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"ms": milliseconds, "cpuMs": cpu, "peakMB": peak, "loss": loss}), flush=True)


if __name__ == "__main__":
    main()
