"""Fixture of packages/heads: every head's probabilities and gradients, as PyTorch computes them.

    python tools/reference/heads.py        (needs torch and safetensors)

Each head is written once more, in probabilities and not in their logarithms, without any of the identities that keep the
heads stable. Inputs are float32 values; all arithmetic is float64, so a test's tolerance is about the code under test alone.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

FIXTURE = Path(__file__).parents[2] / "packages/heads/fixtures/torch.safetensors"
B, G = 6, 2
TREES, DEPTH, UNITS = 3, 3, 10
# The outputs that the nodes of each tree read, as the head draws them for seed 1. Should they ever change, the forests of old
# checkpoints would change with them.
CHOICE = [[5, 3, 0, 9, 6, 2, 4], [0, 4, 3, 5, 1, 6, 9], [0, 4, 2, 3, 6, 8, 1]]


def linear(p, features):
    return F.linear(F.adaptive_avg_pool2d(features, 4).flatten(1), p["fc.weight"], p["fc.bias"])


def as_linear(p, features, classes):
    return torch.softmax(linear(p, features), dim=1)


def as_poisson(p, features, classes):
    f = F.softplus(linear(p, features))
    h = torch.distributions.Poisson(f).log_prob(torch.arange(classes, dtype=f.dtype)) / p["log_temperature"].exp()
    return torch.softmax(h, dim=1)


def as_stick_breaking(p, features, classes):
    shares = torch.sigmoid(linear(p, features))
    left = torch.ones(B, dtype=shares.dtype)
    found = []
    for k in range(classes - 1):
        found.append(left * shares[:, k])
        left = left - found[-1]
    return torch.stack([*found, left], dim=1)


def as_unsure(p, features, classes):
    thresholds = [p["thresholds.first"][0]]
    for step in p.get("thresholds.steps", []):
        thresholds.append(thresholds[-1] + F.softplus(step))
    score = linear(p, features)[:, 0]
    cumulative = [torch.sigmoid(threshold - score) for threshold in thresholds]
    zero, one = torch.zeros_like(score), torch.ones_like(score)
    return torch.stack([b - a for a, b in zip([zero, *cumulative], [*cumulative, one])], dim=1)


def as_ordinal_forest(p, features, classes):
    splits = 2**DEPTH - 1
    outputs = (TREES * splits / DEPTH) ** 0.5 * linear(p, features)
    leaves = torch.softmax((TREES * (splits + 1)) ** 0.5 * p["leaves"], dim=-1)

    def below(tree, node, reached):
        """The distribution of what comes to a node, which `reached` [B] of each nodule does."""
        if node >= splits:
            return reached[:, None] * leaves[tree, node - splits]
        to_left = torch.sigmoid(outputs[:, CHOICE[tree][node]])
        return below(tree, 2 * node + 1, reached * to_left) + below(tree, 2 * node + 2, reached * (1 - to_left))

    return sum(below(tree, 0, torch.ones(B, dtype=outputs.dtype)) for tree in range(TREES)) / TREES


def params_of(head, classes):
    outputs = {"linear": classes, "stick-breaking": classes - 1, "ordinal-forest": UNITS}.get(head, 1)
    found = {"fc.weight": torch.randn(outputs, 16 * G), "fc.bias": torch.randn(outputs)}
    if head == "poisson":
        found["log_temperature"] = torch.tensor(-0.7)
    if head == "unsure":
        found["thresholds.first"] = torch.randn(1)
        if classes > 2:
            found["thresholds.steps"] = torch.randn(classes - 2)
    if head == "ordinal-forest":
        found["leaves"] = 0.3 * torch.randn(TREES, 2**DEPTH, classes)
    return found


HEADS = {
    "linear": as_linear,
    "poisson": as_poisson,
    "stick-breaking": as_stick_breaking,
    "unsure": as_unsure,
    "ordinal-forest": as_ordinal_forest,
}

if __name__ == "__main__":
    torch.manual_seed(6)
    tensors = {}
    for name, head in HEADS.items():
        for classes in [2, 3, 5]:
            case = f"{name}.{classes}"
            values = params_of(name, classes) | {"features": torch.randn(B, G, 8, 8)}
            cotangent = torch.randn(B, classes)
            given = {key: value.double().requires_grad_() for key, value in values.items()}
            probabilities = head(given, given["features"], classes)
            gradients = torch.autograd.grad((cotangent * probabilities.log()).sum(), list(given.values()))
            tensors |= {f"{case}.given.{key}": value for key, value in values.items()}
            tensors |= {f"{case}.cotangent": cotangent, f"{case}.probabilities": probabilities.detach()}
            tensors |= {f"{case}.gradient.{key}": g.contiguous() for key, g in zip(given, gradients)}
    FIXTURE.parent.mkdir(exist_ok=True)
    save_file(tensors, FIXTURE, metadata={"torch": torch.__version__})
    FIXTURE.chmod(0o644)
