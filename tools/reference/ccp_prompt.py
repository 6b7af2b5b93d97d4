"""Fixture of packages/ccp-prompt: contexts and gradients of the conditional prompts, as PyTorch computes them.

    python tools/reference/ccp_prompt.py        (needs torch and safetensors)

Inputs are float32 values; arithmetic is float64, so that a test's tolerance is about the code under test alone.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

FIXTURE = Path(__file__).parents[2] / "packages/ccp-prompt/fixtures/torch.safetensors"
B, T, D, W, REDUCTION = 5, 3, 48, 20, 16


class Prompt(nn.Module):
    """The parameters and names of CoCoOp's prompt learner."""

    def __init__(self):
        super().__init__()
        self.ctx = nn.Parameter(torch.randn(T, W))
        self.meta_net = nn.Sequential()
        self.meta_net.add_module("linear1", nn.Linear(D, D // REDUCTION))
        self.meta_net.add_module("relu", nn.ReLU())
        self.meta_net.add_module("linear2", nn.Linear(D // REDUCTION, W))


def channel_conditional(prompt, groups):
    return prompt.ctx + prompt.meta_net(groups)


def cocoop(prompt, groups):
    return prompt.ctx + prompt.meta_net(groups.mean(1)).unsqueeze(1)


if __name__ == "__main__":
    torch.manual_seed(0)
    prompt = Prompt().double()
    with torch.no_grad():  # float32 values, and hidden units that are on for some features and off for others
        for p in prompt.parameters():
            p.copy_((torch.randn(p.shape) * 0.5).double())
    groups = F.normalize(torch.randn(B, T, D), dim=-1).double().requires_grad_()
    weighting = torch.randn(B, T, W).double()
    arrays = {"groups": groups, "weighting": weighting, **{f"params.{k}": p for k, p in prompt.named_parameters()}}
    for name, learner in (("channel-conditional", channel_conditional), ("cocoop", cocoop)):
        context = learner(prompt, groups)
        variables = {"groups": groups, **{f"params.{k}": p for k, p in prompt.named_parameters()}}
        gradients = torch.autograd.grad((context * weighting).sum(), list(variables.values()))
        arrays |= {f"{name}.context": context, **{f"{name}.gradient.{k}": g for k, g in zip(variables, gradients)}}
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().float().contiguous() for k, v in arrays.items()}, FIXTURE)
