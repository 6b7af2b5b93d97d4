"""Writes packages/tensor/fixtures: arrays in .npy and .safetensors, as numpy and safetensors write them.

Needs numpy, safetensors and torch (for float16 and bfloat16).
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

folder = Path(__file__).parents[2] / "packages/tensor/fixtures"
folder.mkdir(exist_ok=True)

np.save(folder / "int16.npy", np.arange(-3, 3, dtype=np.int16).reshape(1, 2, 3))
np.save(folder / "float32.npy", np.array([0.5, -1.25, np.inf], np.float32))
np.save(folder / "scalar.npy", np.array(7, np.int64))
np.save(folder / "bool.npy", np.array([True, False]))
np.save(folder / "fortran.npy", np.asfortranarray(np.zeros((2, 3), np.float32)))
np.save(folder / "big-endian.npy", np.array([1, 2], ">i4"))

values = torch.tensor([0.0, -0.0, 1.0, -2.5, 65504.0, 2.0**-24, 3.1415927, float("inf")])
save_file(
    {
        "layer1.0.conv1.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3),
        "half": values.to(torch.float16),
        "bfloat": values.to(torch.bfloat16),
        "count": torch.tensor(3, dtype=torch.int64),
        "mask": torch.tensor([True, False, True]),
        "empty": torch.zeros((0, 4)),
    },
    folder / "mixed.safetensors",
    {"format": "pt"},
)
