"""Fixture of packages/explain: Grad-CAM, Grad-CAM++ and occlusion of small networks, as PyTorch's autograd gives them.

    python tools/reference/explain.py        (needs torch and safetensors)

The networks are those of image_encoder.py, of 32 slices, with CLIP-Lung's linear head; weights and crops can be drawn again.
The maps are written out from the papers' equations, Grad-CAM++ with its exp(y) and with the gradients of it to the third order as
the paper derives them, in float64.
"""

from pathlib import Path

import image_encoder
import torch
import torch.nn.functional as F
from image_encoder import Basic, Encoder, drawn, trained
from safetensors.torch import save_file

FIXTURE = Path(__file__).parents[2] / "packages/explain/fixtures/torch.safetensors"
BATCH, SIZE, CLASSES = 2, 32, 3
LAYERS = {"resnet18": ["layer1", "layer3", "layer4", "features"], "resnet18-3d": ["layer3", "layer4", "features"]}
# Of occlusion: cubes of this side, this far apart.
SIDE, STRIDE, FILLING = 16, 8, -850


class Classifier(torch.nn.Module):
    def __init__(self, name, **sizes):
        super().__init__()
        self.encoder = trained(name, Encoder(**sizes)).eval()
        maps = sizes["groups"] * sizes["embedding"] // 64
        weight, bias = (0.4 * drawn(f"{name}.head.{k}", s) - 0.2 for k, s in {"weight": (CLASSES, 16 * maps), "bias": (CLASSES,)}.items())
        self.weight, self.bias = weight.float().double(), bias.float().double()

    def forward(self, hu):
        features, _ = self.encoder(((hu + 1000) / 1400).clamp(0, 1))
        return F.avg_pool2d(features, 2).flatten(1) @ self.weight.T + self.bias

    def module(self, layer):
        return self.encoder.reduce if layer == "features" else getattr(self.encoder, layer)


def activations(classifier, layer, hu, classes):
    """What a layer makes, [B, C, …], the logit of each crop's class, and its gradient by that."""
    kept = []
    handle = classifier.module(layer).register_forward_hook(lambda module, given, output: kept.append(output))
    logits = classifier(hu)
    handle.remove()
    (output,) = kept
    y = logits[torch.arange(len(hu)), classes]
    (gradient,) = torch.autograd.grad(y.sum(), output)
    return output.detach(), y.detach(), gradient


def grad_cam(output, y, gradient):
    places = tuple(range(2, output.dim()))
    return F.relu((gradient.mean(places, keepdim=True) * output).sum(1))


def grad_cam_plus_plus(output, y, gradient):
    places = tuple(range(2, output.dim()))
    scale = y.exp().view(-1, *[1] * (output.dim() - 1))
    first, second, third = scale * gradient, scale * gradient**2, scale * gradient**3
    divisor = 2 * second + output.sum(places, keepdim=True) * third
    alpha = second / torch.where(divisor == 0, 1.0, divisor)
    weights = (alpha * F.relu(first)).sum(places, keepdim=True)
    # Less the factor exp(y), which all places share.
    return F.relu((weights * output).sum(1)) / scale.squeeze(1)


def occluded(classifier, hu, index):
    """How much less probable a class is with a cube of lung at each place, [n, n, n]."""
    starts = range(0, SIZE - SIDE + 1, STRIDE)
    with torch.no_grad():
        whole = classifier(hu).softmax(1)[0, index]
        drops = []
        for z in starts:
            for y in starts:
                for x in starts:
                    filled = hu.clone()
                    filled[:, z : z + SIDE, y : y + SIDE, x : x + SIDE] = FILLING
                    drops.append(whole - classifier(filled).softmax(1)[0, index])
    return torch.stack(drops).view([len(starts)] * 3)


if __name__ == "__main__":
    image_encoder.SLICES = SIZE
    hu = (1400 * drawn("hu", (BATCH, SIZE, SIZE, SIZE)) - 1000).float().double()
    classes = torch.tensor([2, 0])
    tensors = {}
    for name, axes in {"resnet18": 2, "resnet18-3d": 3}.items():
        classifier = Classifier(name, block=Basic, stages=[2, 2, 2, 2], width=2, groups=2, embedding=128, axes=axes)
        tensors[f"{name}.logits"] = classifier(hu).detach()
        for layer in LAYERS[name]:
            seen = activations(classifier, layer, hu, classes)
            tensors[f"{name}.{layer}.grad-cam"] = grad_cam(*seen)
            tensors[f"{name}.{layer}.grad-cam++"] = grad_cam_plus_plus(*seen)
    tensors["resnet18.occlusion"] = occluded(Classifier("resnet18", block=Basic, stages=[2, 2, 2, 2], width=2, groups=2, embedding=128, axes=2), hu[:1], 2)
    small = drawn("small", (1, 1, 2, 3, 4))
    tensors["trilinear"] = F.interpolate(small, (5, 3, 9), mode="trilinear", align_corners=False)[0, 0]
    tensors["bilinear"] = F.interpolate(small[:, :, 0], (7, 8), mode="bilinear", align_corners=False)[0, 0]
    FIXTURE.parent.mkdir(exist_ok=True)
    for key, value in tensors.items():
        print(key, tuple(value.shape), f"up to {float(value.abs().max()):.3g}")
    save_file({k: v.float().contiguous() for k, v in tensors.items()}, FIXTURE, metadata={"torch": torch.__version__})
    FIXTURE.chmod(0o644)
