"""Fixture of packages/model: steps whose gradients are clipped, or of several batches, as PyTorch takes them.

    python tools/reference/training_step.py        (needs torch)

The model is a small one with batch normalisation, since its statistics follow each batch, however many make a step. Parameters
and inputs are float32 values; all arithmetic is float64, so that a test's tolerance is about the code under test alone.
"""

import json
from pathlib import Path

import torch
from torch import nn

FIXTURE = Path(__file__).parents[2] / "packages/model/fixtures/training-step.json"
INPUTS, HIDDEN, CLASSES, BATCH, STEPS = 6, 4, 3, 4, 6
RATES = [0.3, 0.2, 0.25, 0.1, 0.05, 0.3]
DECAY = 0.8  # of the moving average


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.reduce = nn.Linear(INPUTS, HIDDEN, bias=False)
        self.bn = nn.BatchNorm1d(HIDDEN)
        self.fc = nn.Linear(HIDDEN, CLASSES)

    def forward(self, x):
        return self.fc(torch.relu(self.bn(self.reduce(x))))


def listed(tensors):
    """Float64 names of a state; the count of batches, which nothing uses, is left out."""
    return {k: {"shape": list(v.shape), "values": v.detach().flatten().tolist()} for k, v in tensors.items() if v.is_floating_point()}


def optimizer_of(net, use):
    if use == "sgd":
        return torch.optim.SGD(net.parameters(), lr=1.0, momentum=0.9, weight_decay=1e-3)
    groups = [
        {"params": [p for p in net.parameters() if p.ndim >= 2], "weight_decay": 0.1},
        {"params": [p for p in net.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=1.0)


def run(start, images, labels, use, accumulate, clip):
    net = Net().double()
    net.load_state_dict(start)
    optimizer = optimizer_of(net, use)
    average = {k: v.clone() for k, v in net.state_dict().items()}
    losses, norms, batch = [], [], 0
    for step in range(STEPS):
        optimizer.zero_grad()
        for _ in range(accumulate):
            loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
            (loss / accumulate).backward()
            losses.append(loss.item())
            batch += 1
        if clip is not None:
            norms.append(nn.utils.clip_grad_norm_(net.parameters(), clip).item())
        for group in optimizer.param_groups:
            group["lr"] = RATES[step]
        optimizer.step()
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                average[name] = DECAY * average[name] + (1 - DECAY) * value
    return {"optimizer": use, "accumulate": accumulate, "clipNorm": clip, "losses": losses, "norms": norms,
            "after": listed(net.state_dict()), "average": listed(average)}  # fmt: skip


def main():
    torch.manual_seed(5)
    most = 3 * STEPS
    images = torch.randn(most, BATCH, INPUTS).double()
    labels = torch.randint(CLASSES, (most, BATCH))
    net = Net().float()
    start = {k: v.double() if v.is_floating_point() else v for k, v in net.state_dict().items()}
    cases = [("sgd", 1, 0.9), ("sgd", 3, None), ("adamw", 1, None), ("adamw", 3, 0.6)]
    runs = [run(start, images, labels, *case) for case in cases]
    for one in runs:
        print(one["optimizer"], one["accumulate"], one["clipNorm"], [round(n, 3) for n in one["norms"]])
    fixture = {"torch": torch.__version__, "rates": RATES, "decay": DECAY, "images": images.flatten(1).tolist(),
               "labels": labels.tolist(), "start": listed(start), "runs": runs}  # fmt: skip
    FIXTURE.write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
