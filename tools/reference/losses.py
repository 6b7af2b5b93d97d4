"""Fixture of packages/losses: every loss and its gradients, as PyTorch computes them.

    python tools/reference/losses.py        (needs torch and safetensors)

Inputs are float32 values; all arithmetic is float64, so a test's tolerance is about the code under test alone.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

FIXTURE = Path(__file__).parents[2] / "packages/losses/fixtures/torch.safetensors"
B, T, K, M, D = 5, 2, 3, 8, 6


def cross_entropy(i):
    return F.cross_entropy(i["logits"], i["labels"])


def image_class(i):
    """One cross-entropy over all B·T groups, each with its nodule's label."""
    logits = i["scale"] * torch.einsum("btd,bkd->btk", i["groups"], i["classes"].expand(B, -1, -1))
    return F.cross_entropy(logits.reshape(B * T, K), i["labels"].repeat_interleave(T))


def image_attribute(i):
    """cross_entropy takes class probabilities as targets, too."""
    logits = i["scale"] * torch.einsum("btd,bmd->btm", i["groups"], i["attributes"].expand(B, -1, -1))
    targets = i["attributeWeights"].repeat_interleave(T, 0)
    return F.cross_entropy(logits.reshape(B * T, M), targets)


def class_attribute(i):
    of_label = i["classes"].expand(B, -1, -1)[torch.arange(B), i["labels"]]
    logits = i["scale"] * torch.einsum("bd,bmd->bm", of_label, i["attributes"].expand(B, -1, -1))
    return F.cross_entropy(logits, i["attributeWeights"])


LOSSES = {
    "cross-entropy": cross_entropy,
    "image-class": image_class,
    "image-attribute": image_attribute,
    "class-attribute": class_attribute,
}


def inputs(texts):
    """texts: how many nodules' text features there are, B (conditioned) or 1 (shared)."""
    return {
        "logits": 2 * torch.randn(B, K),
        "groups": F.normalize(torch.randn(B, T, D), dim=-1),
        "classes": F.normalize(torch.randn(texts, K, D), dim=-1),
        "attributes": F.normalize(torch.randn(texts, M, D), dim=-1),
        "attributeWeights": torch.softmax(1 + 4 * torch.rand(B, M), dim=-1),
        "scale": torch.tensor(1 / 0.07),
    }


if __name__ == "__main__":
    torch.manual_seed(2)
    labels = torch.tensor([2, 0, 1, 1, 0])
    tensors = {"labels": labels.int()}
    for case, texts in [("conditioned", B), ("shared", 1)]:
        values = inputs(texts)
        tensors |= {f"{case}.{name}": value for name, value in values.items()}
        for loss_name, loss in LOSSES.items():
            given = {name: value.double().requires_grad_() for name, value in values.items()}
            result = loss({**given, "labels": labels})
            gradients = torch.autograd.grad(
                result, list(given.values()), allow_unused=True, materialize_grads=True
            )
            tensors[f"{case}.{loss_name}"] = result.detach()
            for name, gradient in zip(given, gradients):
                if gradient.any():  # a loss does not depend on the others
                    tensors[f"{case}.{loss_name}.{name}"] = gradient.contiguous()
    FIXTURE.parent.mkdir(exist_ok=True)
    save_file(tensors, FIXTURE, metadata={"torch": torch.__version__})
    FIXTURE.chmod(0o644)
