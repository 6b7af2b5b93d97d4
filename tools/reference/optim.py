"""Fixtures of packages/optim.

torch.json   ten steps of torch.optim.SGD with a cosine schedule and a moving average
adamw.json   twenty steps of torch.optim.AdamW, whose rate changes with every step
schedules.json  learning rates of StepLR, ConstantLR and OneCycleLR, with and without a warm-up

    python tools/reference/optim.py        (needs torch)

Everything is computed in float64, so a test's tolerance is about the code under test alone.
"""

import json
from pathlib import Path

import torch
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LinearLR, OneCycleLR, SequentialLR, StepLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

FIXTURES = Path(__file__).parents[2] / "packages/optim/fixtures"
SHAPES = {"linear.weight": (3, 4), "linear.bias": (3,)}
STEPS = 10
DECAY = 0.8


def flat(tensors):
    return {name: tensor.detach().flatten().tolist() for name, tensor in tensors.items()}


def trajectory(options, base):
    """Parameters and their average after each step, for gradients drawn beforehand."""
    model = torch.nn.ModuleDict({"linear": torch.nn.Linear(4, 3, dtype=torch.float64)})
    params = dict(model.named_parameters())
    # What the test can hold: float32 values.
    with torch.no_grad():
        for param in params.values():
            param.copy_(param.float())
    start = flat(params)
    optimizer = torch.optim.SGD(params.values(), lr=base, **options)
    schedule = CosineAnnealingLR(optimizer, T_max=STEPS)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(DECAY))
    average.update_parameters(model)  # the first call copies
    steps = []
    for _ in range(STEPS):
        for param in params.values():
            param.grad = torch.randn(param.shape).double()
        gradients = flat({name: param.grad for name, param in params.items()})
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        steps.append(
            {
                "gradients": gradients,
                "params": flat(params),
                "average": flat(dict(average.module.named_parameters())),
            }
        )
    return {"options": options, "base": base, "start": start, "steps": steps}


def rates_of(base, steps, schedule_of, warmup=0):
    """Of as many steps; a linear rise comes first."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    schedule = schedule_of(optimizer)
    if warmup > 0:
        rise = LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
        schedule = SequentialLR(optimizer, [rise, schedule], milestones=[warmup])
    rates = []
    for step in range(steps):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        if step + 1 < steps:
            schedule.step()
    return rates


def learning_rates(base, steps, warmup, final):
    """Of every step of a cosine, its end included."""
    rates = rates_of(base, steps + 1, lambda o: CosineAnnealingLR(o, T_max=steps - warmup, eta_min=final), warmup)
    return {"base": base, "steps": steps, "warmup": warmup, "final": final, "rates": rates}


def step_decay(base, every, factor, warmup):
    rates = rates_of(base, 30, lambda o: StepLR(o, every, factor), warmup)
    return {"options": {"base": base, "every": every, "factor": factor, "warmup": warmup}, "rates": rates}


def constant(base, warmup):
    rates = rates_of(base, 10, lambda o: ConstantLR(o, factor=1.0), warmup)
    return {"options": {"base": base, "warmup": warmup}, "rates": rates}


def one_cycle(base, steps, warmup=None, div=25.0, final_div=1e4):
    """`warmup` in steps; PyTorch takes it as a part of them all."""
    part = 0.3 if warmup is None else warmup / steps
    cycle = {"pct_start": part, "div_factor": div, "final_div_factor": final_div, "cycle_momentum": False}
    rates = rates_of(base, steps, lambda o: OneCycleLR(o, base, total_steps=steps, **cycle))
    options = {"base": base, "steps": steps, "divFactor": div, "finalDivFactor": final_div}
    return {"options": options | ({} if warmup is None else {"warmup": warmup}), "rates": rates}


ADAMW_SHAPES = {"linear.weight": (3, 4), "linear.bias": (3,), "ctx": (2, 1, 3), "logit_scale": ()}


def adamw(options, base):
    """Parameters after each step. Those of fewer than two axes are in a group without weight decay."""
    params = {name: torch.nn.Parameter(torch.randn(shape).double()) for name, shape in ADAMW_SHAPES.items()}
    start = flat(params)
    groups = [
        {"params": [param for param in params.values() if param.ndim >= 2]},
        {"params": [param for param in params.values() if param.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=base, **options)
    rise = LinearLR(optimizer, start_factor=1 / 4, total_iters=3)
    schedule = SequentialLR(optimizer, [rise, CosineAnnealingLR(optimizer, T_max=16)], milestones=[4])
    steps = []
    for step in range(20):
        for name, param in params.items():
            # Gradients of very different sizes, and none at all for a while.
            param.grad = torch.randn(param.shape).double() * (0.0 if name == "ctx" and step < 3 else 10.0 ** (step % 5 - 3))
        rate = optimizer.param_groups[0]["lr"]
        gradients = flat({name: param.grad for name, param in params.items()})
        optimizer.step()
        schedule.step()
        steps.append({"rate": rate, "gradients": gradients, "params": flat(params)})
    return {"options": options, "start": start, "steps": steps}


def write(name, fixture):
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / f"{name}.json").write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    torch.manual_seed(1)
    fixture = {
        "torch": torch.__version__,
        "shapes": SHAPES,
        "decay": DECAY,
        "trajectories": [
            trajectory({"momentum": 0.9, "weight_decay": 0.05, "nesterov": False}, 0.1),
            trajectory({"momentum": 0.9, "weight_decay": 5e-5, "nesterov": True}, 0.1),
            trajectory({"momentum": 0.0, "weight_decay": 0.0, "nesterov": False}, 0.1),
        ],
        "schedules": [
            learning_rates(1e-3, 100, 0, 0.0),
            learning_rates(0.5, 7, 0, 0.01),
            learning_rates(1e-3, 20, 5, 1e-5),
        ],
    }
    write("torch", fixture)
    torch.manual_seed(2)
    trajectories = [
        adamw({}, 1e-3),
        adamw({"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.5}, 0.1),
        adamw({"betas": (0.0, 0.5), "weight_decay": 0.0}, 0.02),
    ]
    write("adamw", {"torch": torch.__version__, "shapes": ADAMW_SHAPES, "trajectories": trajectories})
    schedules = {
        "torch": torch.__version__,
        "step": [step_decay(1e-3, 10, 0.1, 0), step_decay(0.2, 4, 0.5, 5)],
        "constant": [constant(1e-3, 0), constant(0.2, 4)],
        "oneCycle": [
            one_cycle(1e-3, 100),
            one_cycle(0.5, 7),
            one_cycle(0.2, 20, 5, 10.0, 100.0),
            one_cycle(0.2, 10, 0),
        ],
    }
    write("schedules", schedules)
