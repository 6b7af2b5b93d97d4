"""Fixture of packages/image-encoder: a small ResNet-18, its outputs, statistics and gradients, as PyTorch computes them.

    python tools/reference/image_encoder.py        (needs torch and safetensors)

The network is written with torch's layers alone, after torchvision's ResNet (whose names it has), with a 3×3 stem and no
pooling. Weights and images are float32 values; all arithmetic is float64, so a test's tolerance is about the code under
test alone. The sizes differ from each other, so that no two axes can be mistaken.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

FIXTURE = Path(__file__).parents[2] / "packages/image-encoder/fixtures/torch.safetensors"
BATCH, SLICES, WIDTH, GROUPS, EMBEDDING, CLASSES = 2, 5, 3, 2, 128, 3


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        branch = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(branch + (x if self.downsample is None else self.downsample(x)))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        w = WIDTH
        self.conv1 = nn.Conv2d(SLICES, w, 3, 1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(w)
        self.layer1 = nn.Sequential(Block(w, w, 1), Block(w, w, 1))
        self.layer2 = nn.Sequential(Block(w, 2 * w, 2), Block(2 * w, 2 * w, 1))
        self.layer3 = nn.Sequential(Block(2 * w, 4 * w, 2), Block(4 * w, 4 * w, 1))
        self.layer4 = nn.Sequential(Block(4 * w, 8 * w, 2), Block(8 * w, 8 * w, 1))
        self.reduce = nn.Conv2d(2 * w, GROUPS * EMBEDDING // 64, 1)

    def forward(self, images):
        x = F.relu(self.bn1(self.conv1(images)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        features = self.reduce(x.view(len(x), 2 * WIDTH, 8, 8))
        groups = F.normalize(features.reshape(len(x), GROUPS, EMBEDDING), dim=-1)
        return features, groups


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(GROUPS * EMBEDDING // 64 * 16, CLASSES)

    def forward(self, features):
        return self.fc(F.avg_pool2d(features, 2).flatten(1))


def trained(module):
    """Weights and statistics as after some training: a start of ones and zeros would hide mistakes."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif name.endswith("running_mean"):
                tensor.normal_(0, 0.5)
            elif ("bn" in name or "downsample.1" in name) and name.endswith("weight"):
                tensor.uniform_(0.5, 1.5)
            elif ("bn" in name or "downsample.1" in name) and name.endswith("bias"):
                tensor.normal_(0, 0.3)
    return module.double()


def state(module):
    return {k: v.clone() for k, v in module.state_dict().items() if "num_batches" not in k}


if __name__ == "__main__":
    torch.manual_seed(3)
    encoder, head = trained(Encoder()), trained(Head())
    before = state(encoder)
    images = torch.rand(BATCH, SLICES, 32, 32).double()
    # An objective in which each output has its own weight.
    toward = {
        "features": torch.randn(BATCH, GROUPS * EMBEDDING // 64, 8, 8).double(),
        "groups": torch.randn(BATCH, GROUPS, EMBEDDING).double(),
        "logits": torch.randn(BATCH, CLASSES).double(),
    }
    tensors = {"images": images} | {f"toward.{k}": v for k, v in toward.items()}
    tensors |= {f"weights.{k}": v for k, v in (before | state(head)).items()}
    for mode in ["evaluation", "training"]:
        encoder.train(mode == "training")
        encoder.zero_grad()
        head.zero_grad()
        given = images.clone().requires_grad_()
        features, groups = encoder(given)
        outputs = {"features": features, "groups": groups, "logits": head(features)}
        sum((outputs[name] * weight).sum() for name, weight in toward.items()).backward()
        tensors |= {f"{mode}.{k}": v.detach() for k, v in outputs.items()}
        if mode == "training":
            gradients = dict(encoder.named_parameters()) | dict(head.named_parameters())
            tensors |= {f"gradients.{k}": v.grad for k, v in gradients.items()}
            tensors["gradients.images"] = given.grad
            tensors |= {f"updated.{k}": v for k, v in state(encoder).items() if "running" in k}
    FIXTURE.parent.mkdir(exist_ok=True)
    tensors = {k: v.float().contiguous() for k, v in tensors.items()}
    save_file(tensors, FIXTURE, metadata={"torch": torch.__version__})
    FIXTURE.chmod(0o644)
