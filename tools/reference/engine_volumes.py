"""Fixture of packages/engine: convolutions and pooling of volumes, and their gradients, as PyTorch computes them.

    python tools/reference/engine_volumes.py        (needs torch and safetensors)

Each case has its options in the fixture's metadata, as tfjs calls them, and its tensors in tfjs's layouts: x [B, D, H, W, C],
w [D, H, W, I, O], y, dy (the gradient that comes back), dx and dw. Arithmetic is float64. `same` is TensorFlow's: as many
windows as the stride allows, margins of equal size, the one after larger by one where they cannot be.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

FIXTURE = Path(__file__).parents[2] / "packages/engine/fixtures/volumes.safetensors"
SIZE = (5, 6, 7)

CONVOLUTIONS = {
    "valid": {},
    "same": {"pad": "same"},
    "number": {"pad": 1},
    "strides": {"strides": [2, 1, 3], "pad": 1},
    "same-strides": {"strides": 2, "pad": "same"},
    "same-strides-longer-than-window": {"window": [1, 2, 1], "strides": [2, 3, 3], "pad": "same"},
    "oblong": {"window": [1, 3, 2], "pad": "valid"},
    "single-place": {"channels": 1, "window": [2, 1, 3], "strides": [2, 1, 5]},
    "dilated": {"dilations": 2},
    "dilated-same": {"dilations": [1, 3, 2], "pad": "same"},
    "dilated-number": {"window": [2, 1, 3], "dilations": [3, 1, 2], "pad": 2},
}
POOLING = {
    "valid": {"window": 2, "strides": 2},
    "overlapping": {"window": 3, "strides": 1},
    "oblong": {"window": [1, 3, 2], "strides": [1, 2, 1]},
    "oblong-high": {"window": [2, 1, 3], "strides": 1},
    "same": {"window": 2, "strides": 1, "pad": "same"},
    "same-strides": {"window": 3, "strides": 2, "pad": "same"},
    "same-strides-longer-than-window": {"window": [1, 2, 1], "strides": [2, 3, 2], "pad": "same"},
    "number": {"window": 3, "strides": 2, "pad": 1},
    "rounded-up": {"window": 3, "strides": 2, "pad": 1, "dimRoundingMode": "ceil"},
    "rounded-up-valid": {"window": 2, "strides": 2, "pad": 0, "dimRoundingMode": "ceil"},
}


def triple(value):
    return list(value) if isinstance(value, (list, tuple)) else [value] * 3


def margins(options, window):
    """[before, after] of each axis."""
    pad = options.get("pad", "valid")
    strides, dilations = triple(options.get("strides", 1)), triple(options.get("dilations", 1))
    found = []
    for length, size, stride, dilation in zip(SIZE, window, strides, dilations):
        reach = (size - 1) * dilation + 1
        if pad == "same":
            total = max((-(-length // stride) - 1) * stride + reach - length, 0)
            found.append([total // 2, total - total // 2])
        else:
            before = 0 if pad == "valid" else pad
            after = before
            if options.get("dimRoundingMode") == "ceil":
                places = -(-(length + 2 * before - reach) // stride) + 1
                after = max(after, (places - 1) * stride + reach - length - before)
            found.append([before, after])
    return found


def padded(x, sides, value):
    return F.pad(x, [side for pair in reversed(sides) for side in pair], value=value)


def convolve(x, w, options):
    sides = margins(options, w.shape[2:])
    how = dict(stride=triple(options.get("strides", 1)), dilation=triple(options.get("dilations", 1)))
    return F.conv3d(padded(x, sides, 0.0), w, **how)


def pool_max(x, options):
    window = triple(options["window"])
    return F.max_pool3d(padded(x, margins(options, window), -torch.inf), window, triple(options["strides"]))


def pool_mean(x, options):
    """The mean of what lies inside: `count_include_pad=False`, for any margins."""
    window, strides = triple(options["window"]), triple(options["strides"])
    sides = margins(options, window)
    mean = lambda t: F.avg_pool3d(padded(t, sides, 0.0), window, strides)
    return mean(x) / mean(torch.ones_like(x))


LAST = (0, 2, 3, 4, 1)  # channels


def entries(inputs, y):
    dy = torch.randn_like(y).float().double()
    gradients = torch.autograd.grad(y, list(inputs.values()), dy)
    found = {"y": y.permute(LAST), "dy": dy.permute(LAST)}
    for (name, value), gradient in zip(inputs.items(), gradients):
        order = (2, 3, 4, 1, 0) if name == "w" else LAST
        found |= {name: value.permute(order), f"d{name}": gradient.permute(order)}
    return found


def drawn(*shape):
    return torch.randn(shape).float().double().requires_grad_()


if __name__ == "__main__":
    torch.manual_seed(1)
    tensors, cases = {}, {}

    def keep(name, op, options, found):
        cases[name] = {"op": op} | options
        tensors.update({f"{name}.{key}": value for key, value in found.items()})

    for name, options in CONVOLUTIONS.items():
        channels = options.get("channels", 2)
        x, w = drawn(2, channels, *SIZE), drawn(3, channels, *triple(options.get("window", [3, 2, 3])))
        keep(f"conv3d.{name}", "conv3d", options, entries({"x": x, "w": w}, convolve(x, w, options)))
    for name, options in POOLING.items():
        x = drawn(2, 1, *SIZE)
        keep(f"maxPool3d.{name}", "maxPool3d", options, entries({"x": x}, pool_max(x, options)))
        keep(f"avgPool3d.{name}", "avgPool3d", options, entries({"x": x}, pool_mean(x, options)))
    # Of equals, PyTorch takes the first.
    equals = torch.randint(0, 2, (2, 1, *SIZE)).double().requires_grad_()
    for name in ("overlapping", "oblong", "number"):
        options = POOLING[name]
        keep(f"maxPool3d.{name}-of-equals", "maxPool3d", options, entries({"x": equals}, pool_max(equals, options)))

    FIXTURE.parent.mkdir(exist_ok=True)
    metadata = {"torch": torch.__version__, "cases": json.dumps(cases)}
    save_file({k: v.detach().float().contiguous() for k, v in tensors.items()}, FIXTURE, metadata=metadata)
    FIXTURE.chmod(0o644)
