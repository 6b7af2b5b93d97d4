"""Fixture of packages/image-encoder: small ResNets, their outputs, statistics and gradients, as PyTorch computes them.

    python tools/reference/image_encoder.py        (needs torch and safetensors)

The networks are written with torch's layers alone, after torchvision's ResNets (whose names they have), with a 3×3 stem
and no pooling; the one of volumes after Hara et al.'s 3D ResNet-18, its last maps averaged over the depth. Weights and images are float32 values that a test can draw again (`drawn`), so that the fixture holds what
PyTorch makes of them and no more; all arithmetic is float64, so a test's tolerance is about the code under test alone.
Every network has a number of groups, T, of its own.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

FIXTURE = Path(__file__).parents[2] / "packages/image-encoder/fixtures/torch.safetensors"
BATCH, SLICES, DEPTH = 2, 3, 12
LAYERS = {2: (nn.Conv2d, nn.BatchNorm2d), 3: (nn.Conv3d, nn.BatchNorm3d)}


class Basic(nn.Module):
    expansion = 1

    def __init__(self, inputs, channels, stride, axes):
        super().__init__()
        conv, norm = LAYERS[axes]
        self.conv1 = conv(inputs, channels, 3, stride, padding=1, bias=False)
        self.bn1 = norm(channels)
        self.conv2 = conv(channels, channels, 3, 1, padding=1, bias=False)
        self.bn2 = norm(channels)
        self.downsample = downsample(inputs, channels, stride, axes)

    def forward(self, x):
        branch = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(branch + self.downsample(x))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, channels, stride, axes):
        super().__init__()
        conv, norm = LAYERS[axes]
        self.conv1 = conv(inputs, channels, 1, bias=False)
        self.bn1 = norm(channels)
        self.conv2 = conv(channels, channels, 3, stride, padding=1, bias=False)
        self.bn2 = norm(channels)
        self.conv3 = conv(channels, 4 * channels, 1, bias=False)
        self.bn3 = norm(4 * channels)
        self.downsample = downsample(inputs, 4 * channels, stride, axes)

    def forward(self, x):
        branch = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.bn3(self.conv3(branch)) + self.downsample(x))


def downsample(inputs, outputs, stride, axes):
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    conv, norm = LAYERS[axes]
    return nn.Sequential(conv(inputs, outputs, 1, stride, bias=False), norm(outputs))


class Encoder(nn.Module):
    def __init__(self, block, stages, width, groups, embedding, axes=2):
        super().__init__()
        conv, norm = LAYERS[axes]
        self.groups, self.embedding, self.axes = groups, embedding, axes
        self.conv1 = conv(SLICES if axes == 2 else 1, width, 3, 1, padding=1, bias=False)
        self.bn1 = norm(width)
        inputs = width
        for i, count in enumerate(stages):
            blocks = []
            for j in range(count):
                blocks.append(block(inputs, width << i, 2 if i > 0 and j == 0 else 1, axes))
                inputs = (width << i) * block.expansion
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.reduce = nn.Conv2d(inputs // 4, groups * embedding // 64, 1)

    def forward(self, images):
        x = images if self.axes == 2 else images.unsqueeze(1)
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        if self.axes == 3:
            x = x.mean(2)
        features = self.reduce(x.view(len(x), -1, 8, 8))
        groups = F.normalize(features.reshape(len(x), self.groups, self.embedding), dim=-1)
        return features, groups


def drawn(name, shape):
    """Numbers in [0, 1) by name: a linear congruential generator, started with the FNV-1a hash of the name."""
    x = 0x811C9DC5
    for letter in name:
        x = ((x ^ ord(letter)) * 0x01000193) & 0xFFFFFFFF
    values = np.empty(int(np.prod(shape)))
    for i in range(len(values)):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        values[i] = x / 2**32
    return torch.from_numpy(values.reshape(shape))


def trained(name, encoder):
    """Weights and statistics as after some training: a start of ones and zeros would hide mistakes.

    Branches weigh less than shortcuts, without which networks so deep and narrow multiply rounding.
    """
    bottleneck = isinstance(encoder.layer1[0], Bottleneck)
    with torch.no_grad():
        for path, tensor in state(encoder).items():
            u = drawn(f"{name}.{path}", tensor.shape)
            if path.endswith("running_var"):
                u = 0.5 + 1.5 * u
            elif tensor.dim() >= 4:
                # Variance 2 / fan-in, of a uniform distribution.
                u = (2 * u - 1) * (6 / tensor[0].numel()) ** 0.5
            elif path.endswith("bn3.weight" if bottleneck else "bn2.weight"):
                u = 0.1 + 0.3 * u
            elif path.endswith("weight"):
                u = 0.5 + u
            else:
                u = u - 0.5
            encoder.state_dict()[path].copy_(u.float())
    return encoder.double()


def state(module):
    return {k: v.clone() for k, v in module.state_dict().items() if "num_batches" not in k}


def training_pass(name, encoder, images):
    """Outputs of a training pass, and the gradient of an objective in which each output has its own weight."""
    encoder.train()
    given = images.clone().requires_grad_()
    outputs = dict(zip(["features", "groups"], encoder(given)))
    objective = 0
    for output, value in outputs.items():
        toward = (2 * drawn(f"{name}.toward.{output}", value.shape) - 1).float()
        objective = objective + (value * toward).sum()
    objective.backward()
    gradients = {k: v.grad for k, v in encoder.named_parameters()} | {"images": given.grad}
    return {k: v.detach() for k, v in outputs.items()}, gradients


def fixture_of(name, sizes):
    depth = DEPTH if sizes.get("axes") == 3 else SLICES
    images = drawn("images", (BATCH, depth, 32, 32)).float().double()
    encoder = trained(name, Encoder(**sizes))
    encoder.eval()
    with torch.no_grad():
        evaluation = dict(zip(["features", "groups"], encoder(images)))
    training, gradients = training_pass(name, encoder, images)
    # What PyTorch's own float32 is off by, relative to the largest value of each gradient: a test cannot ask for less.
    _, rounded = training_pass(name, trained(name, Encoder(**sizes)).float(), images.float())
    off = max(float((rounded[k] - v).abs().max() / v.abs().max()) for k, v in gradients.items())
    print(f"{name}: gradients of float32 are off by {off:.1e}")
    if name != "resnet18":  # one is enough
        del gradients["images"]
    found = {
        "evaluation": evaluation,
        "training": training,
        "gradients": gradients,
        "updated": {k: v for k, v in state(encoder).items() if "running" in k},
    }
    return {f"{name}.{part}.{k}": v for part, values in found.items() for k, v in values.items()}


if __name__ == "__main__":
    tensors = {}
    for name, sizes in {
        "resnet18": dict(block=Basic, stages=[2, 2, 2, 2], width=2, groups=2, embedding=128),
        "resnet34": dict(block=Basic, stages=[3, 4, 6, 3], width=2, groups=3, embedding=64),
        "resnet50": dict(block=Bottleneck, stages=[3, 4, 6, 3], width=2, groups=1, embedding=192),
        "resnet18-3d": dict(block=Basic, stages=[2, 2, 2, 2], width=2, groups=3, embedding=64, axes=3),
    }.items():
        tensors |= fixture_of(name, sizes)
    FIXTURE.parent.mkdir(exist_ok=True)
    tensors = {k: v.float().contiguous() for k, v in tensors.items()}
    save_file(tensors, FIXTURE, metadata={"torch": torch.__version__})
    FIXTURE.chmod(0o644)
