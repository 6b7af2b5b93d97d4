"""PyTorch peer of `npm run bench -- predict`: the image encoder and the head in evaluation mode.

    python tools/reference/bench_predict.py <folder>        (needs torch and safetensors)

The folder holds `weights.safetensors`, `params.*` and `statistics.*`, and `images.safetensors`. Of what PyTorch offers for inference (as it
is, channels last, or frozen for oneDNN with the normalisations folded into the convolutions), it takes for batches, and for
single nodules, what proves fastest there. On standard input, `batch <nodules>` runs the first nodules at once, and
`singles <times>` one after the other; a line of JSON says how many milliseconds each call took.
"""

import json
import resource
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from model import Head, ImageEncoder, Sizes


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.image, self.head = ImageEncoder(Sizes()), Head(Sizes())

    def forward(self, images):
        return self.head(self.image(images)[0])


def milliseconds(call):
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def forms(folder, images):
    """Ways to run the classifier, by name: functions of images."""

    def classifier():
        given = load_file(folder / "weights.safetensors")
        state = {name.removeprefix("params."): value for name, value in given.items() if name.startswith("params.")}
        state |= {name.replace("statistics.", "image."): value for name, value in given.items() if name.startswith("statistics.")}
        made = Classifier()
        missing, unknown = made.load_state_dict(state, strict=False)
        if unknown or any("num_batches" not in name for name in missing):
            raise SystemExit(f"the parameters differ: {missing} are missing, {unknown} unknown")
        return made.eval()

    plain = classifier()
    last = classifier().to(memory_format=torch.channels_last)
    frozen = torch.jit.optimize_for_inference(torch.jit.trace(classifier(), images[:1], check_trace=False))
    return {
        "it is": plain,
        "channels last": lambda given: last(given.contiguous(memory_format=torch.channels_last)),
        "frozen": frozen,
    }


def fastest(ways, images):
    return min(ways, key=lambda name: min(milliseconds(lambda: ways[name](images)) for _ in range(5)))


@torch.inference_mode()
def main():
    folder = Path(sys.argv[1])
    images = load_file(folder / "images.safetensors")["images"]
    ways = forms(folder, images)
    together, single = fastest(ways, images), fastest(ways, images[:1])
    print(json.dumps({"form": together if together == single else f"{together}, for one {single}"}), flush=True)
    for line in sys.stdin:
        what, count = line.split()
        if what == "batch":
            start = time.perf_counter()
            logits = ways[together](images[: int(count)])
            answer = {"ms": (time.perf_counter() - start) * 1e3, "logits": logits.flatten().tolist()}
        else:
            rows = [images[i % len(images)][None] for i in range(int(count))]
            answer = {"ms": [milliseconds(lambda: ways[single](row)) for row in rows]}
        answer["peakMB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
