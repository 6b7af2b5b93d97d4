"""The engine benchmark's peers in PyTorch: prints one part's milliseconds as JSON."""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)


def median_ms(call, repeats=10, warmup=2):
    times = []
    for i in range(repeats + warmup):
        start = time.perf_counter()
        call()
        if i >= warmup:
            times.append(1000 * (time.perf_counter() - start))
    return sorted(times)[len(times) // 2]


def tower():
    width, heads, layers, batch, tokens = 512, 8, 12, 32, 60

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = (nn.LayerNorm(width) for _ in range(2))
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.fc, self.proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x):
            split = lambda t: t.view(batch, tokens, heads, -1).transpose(1, 2)
            q, k, v = (split(t) for t in self.qkv(self.norm1(x)).chunk(3, -1))
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
            h = self.fc(self.norm2(x))
            return x + self.proj(h * torch.sigmoid(1.702 * h))

    model = nn.Sequential(*(Block() for _ in range(layers))).requires_grad_(False)
    x = torch.randn(batch, tokens, width, requires_grad=True)

    def step():
        x.grad = None
        model(x).sum().backward()

    return {"12 layers, forward + input gradient": median_ms(step, 7)}


def trunk(axes, width, inputs):
    """ResNet-18 with a stem of stride 1, without its pooling, over images or volumes."""
    conv, norm = {2: (nn.Conv2d, nn.BatchNorm2d), 3: (nn.Conv3d, nn.BatchNorm3d)}[axes]

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = conv(inputs, outputs, 3, stride, 1, bias=False)
            self.conv2 = conv(outputs, outputs, 3, 1, 1, bias=False)
            self.bn1, self.bn2 = norm(outputs), norm(outputs)
            self.downsample = None
            if stride > 1:
                self.downsample = nn.Sequential(conv(inputs, outputs, 1, stride, bias=False), norm(outputs))

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            return F.relu(y + (x if self.downsample is None else self.downsample(x)))

    layers = [conv(inputs, width, 3, 1, 1, bias=False), norm(width), nn.ReLU()]
    inputs = width
    for outputs, stride in ((width, 1), (2 * width, 2), (4 * width, 2), (8 * width, 2)):
        layers += [Block(inputs, outputs, stride), Block(outputs, outputs, 1)]
        inputs = outputs
    return nn.Sequential(*layers)


def resnet():
    net, reduce = trunk(2, 64, 32), nn.Conv2d(128, 32, 1)
    x = torch.rand(32, 32, 32, 32)

    def step():
        net.zero_grad()
        reduce.zero_grad()
        reduce(net(x).view(32, 128, 8, 8)).square().sum().backward()

    return {"batch 32, forward + all gradients": median_ms(step, 8)}


def volumes():
    net, reduce = trunk(3, 16, 1), nn.Conv2d(32, 32, 1)
    x = torch.rand(8, 1, 32, 32, 32)

    def step():
        net.zero_grad()
        reduce.zero_grad()
        reduce(net(x).mean(2).view(8, 32, 8, 8)).square().sum().backward()

    return {"ResNet-18-3D, width 16, batch 8": median_ms(step, 5)}


def shapes():
    found = {}
    for m, k, n in ((1024, 1024, 1024), (1696, 512, 1536), (1696, 2048, 512)):
        a, b = torch.randn(m, k), torch.randn(k, n)
        found[f"matMul {m}×{k}×{n}"] = median_ms(lambda: a @ b)
    for channels, size in ((64, 32), (128, 16), (256, 8), (512, 4)):
        x = torch.randn(32, channels, size, size, requires_grad=True)
        w = torch.randn(channels, channels, 3, 3, requires_grad=True)

        def step():
            x.grad = w.grad = None
            F.conv2d(x, w, padding=1).square().sum().backward()

        found[f"conv {channels}, {size}×{size}, with gradients"] = median_ms(step)
    return found


print(json.dumps({"tower": tower, "resnet": resnet, "volumes": volumes, "shapes": shapes}[sys.argv[1]]()))
