"""Fixture of packages/losses: every loss and its gradients, as PyTorch computes them.

    python tools/reference/losses.py        (needs torch and safetensors)

Each loss is taken against labels and against distributions, with text features of each nodule's own and with shared ones.
Inputs are float32 values; all arithmetic is float64, so a test's tolerance is about the code under test alone.
"""

from itertools import product
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

FIXTURE = Path(__file__).parents[2] / "packages/losses/fixtures/every-loss.safetensors"
# As many groups as the published code has: more than classes.
B, T, K, M, D = 5, 4, 3, 8, 6


def image_attribute(i):
    """cross_entropy takes class probabilities as targets, too."""
    logits = i["scale"] * torch.einsum("btd,bmd->btm", i["groups"], i["attributes"].expand(B, -1, -1))
    targets = i["attributeWeights"].repeat_interleave(T, 0)
    return F.cross_entropy(logits.reshape(B * T, M), targets)


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


def by_class(of_class, targets):
    """Mean over nodules of what each class would cost, [B] for a class index, times how true the class is."""
    costs = torch.stack([of_class(torch.full((len(targets),), k)) for k in range(K)], dim=1)
    return (targets * costs).sum(1).mean()


def focal(gamma, weights=None):
    def of(i):
        def of_class(labels):
            p = torch.softmax(i["logits"], 1).gather(1, labels[:, None])[:, 0]
            return (1 - p) ** gamma * F.cross_entropy(i["logits"], labels, weights, reduction="none")

        return by_class(of_class, i["targets"])

    return of


def class_balanced(beta, gamma=0):
    effective = (1 - beta**COUNTS.double()) / (1 - beta)
    weights = 1 / effective
    return focal(gamma, weights / weights.sum() * K)


def cost_sensitive(costs=None):
    frequencies = COUNTS.double() / COUNTS.sum()
    inverse = 1 / frequencies
    return focal(0, inverse / inverse.sum() * K if costs is None else torch.tensor(costs).double())


def ordinal_cross_entropy(i):
    p = torch.softmax(i["logits"], 1)
    return sum(F.binary_cross_entropy(p[:, k + 1 :].sum(1), i["targets"][:, k + 1 :].sum(1)) for k in range(K - 1))


def image_class(i):
    similarities = i["scale"] * torch.einsum("btd,bkd->btk", i["groups"], i["classes"].expand(B, -1, -1))
    return F.cross_entropy(similarities.flatten(0, 1), i["targets"].repeat_interleave(similarities.shape[1], 0))


def class_attribute(i):
    def of_class(labels):
        features = i["classes"].expand(B, -1, -1)[torch.arange(B), labels]
        similarities = i["scale"] * torch.einsum("bd,bmd->bm", features, i["attributes"].expand(B, -1, -1))
        return F.cross_entropy(similarities, i["attributeWeights"], reduction="none")

    return by_class(of_class, i["targets"])


def image_class_first_groups(i):
    """github.com/ymLeiFDU/CLIP-Lung: group t of every nodule against the class of the batch's t-th nodule."""
    per_nodule = []
    for groups, classes in zip(i["groups"], i["classes"].expand(B, -1, -1)):
        per_nodule.append(F.cross_entropy(i["scale"] * groups @ classes.T, i["targets"][: len(groups)]))
    return torch.stack(per_nodule).mean()


def weighted_means(features, i):
    """github.com/ymLeiFDU/CLIP-Lung: similarities with the attributes times their weights, averaged over the attributes."""
    attributes = i["attributes"].expand(B, -1, -1)
    rows = zip(features, attributes, i["attributeWeights"])
    return torch.stack([(i["scale"] * f @ a.T * w[None]).mean(1) for f, a, w in rows])


def image_attribute_published(i):
    """T logits a nodule; the class index is one of them."""
    logits = weighted_means(i["groups"], i)
    return F.cross_entropy(logits, F.pad(i["targets"], (0, logits.shape[1] - K)))


def class_attribute_published(i):
    return F.cross_entropy(weighted_means(i["classes"].expand(B, -1, -1), i), i["targets"])


COUNTS = torch.tensor([40.0, 7.0, 90.0])
LOSSES = {
    "cross-entropy": lambda i: F.cross_entropy(i["logits"], i["targets"]),
    "focal 2": focal(2),
    "focal 0.5": focal(0.5),
    "class-balanced 0.999": class_balanced(0.999),
    "class-balanced 0.9 2": class_balanced(0.9, 2),
    "cost-sensitive": cost_sensitive(),
    "cost-sensitive 1 2 3": cost_sensitive([1.0, 2.0, 3.0]),
    "ordinal-cross-entropy": ordinal_cross_entropy,
    "image-class": image_class,
    "image-class first-groups": image_class_first_groups,
    "image-attribute": image_attribute,
    "image-attribute published-code": image_attribute_published,
    "class-attribute": class_attribute,
    "class-attribute published-code": class_attribute_published,
}


def with_gradients(loss, values, fixed):
    """The loss, and its gradient for each of the values that it depends on, by name."""
    given = {name: value.double().requires_grad_() for name, value in values.items()}
    result = loss(given | fixed)
    gradients = torch.autograd.grad(result, list(given.values()), allow_unused=True, materialize_grads=True)
    return result.detach(), {name: g.contiguous() for name, g in zip(given, gradients) if g.any()}


if __name__ == "__main__":
    torch.manual_seed(2)
    labels = torch.tensor([2, 0, 1, 1, 0])
    targets = {"labels": F.one_hot(labels, K).float(), "votes": torch.softmax(3 * torch.randn(B, K), dim=1)}
    tensors = {"classCounts": COUNTS} | {f"{kind}.targets": target for kind, target in targets.items()}
    for kind, texts in product(targets, [B, 1]):
        case = f"{kind}.{'shared' if texts == 1 else 'conditioned'}"
        values = inputs(texts)
        tensors |= {f"{case}.{name}": value for name, value in values.items()}
        for name, loss in LOSSES.items():
            tensors[f"{case}.{name}"], gradients = with_gradients(loss, values, {"targets": targets[kind].double()})
            tensors |= {f"{case}.{name}.{key}": gradient for key, gradient in gradients.items()}
    FIXTURE.parent.mkdir(exist_ok=True)
    save_file(tensors, FIXTURE, metadata={"torch": torch.__version__})
    FIXTURE.chmod(0o644)
