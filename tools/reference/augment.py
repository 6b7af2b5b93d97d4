"""Fixture of packages/augment: flips and turns as numpy does them.

    python tools/reference/augment.py        (needs numpy)

A crop holds the numbers 0 to 124; each case is a list of operations, and what numpy makes of the 3×3×3 in the middle.
A shift moves that window along the axes of what the operations before it gave.
"""

import json
from pathlib import Path

import numpy as np

FIXTURE = Path(__file__).parents[2] / "packages/augment/fixtures/numpy.json"
AXES = "zyx"


def image_of(crop, operations):
    # The crop as a whole is flipped and turned, and the window's place with it; then the window is cut out.
    at = np.array([1, 1, 1])
    for name, *given in operations:
        if name == "flip":
            axis = AXES.index(given[0])
            crop = np.flip(crop, axis)
            at[axis] = 2 - at[axis]
        elif name == "turn":
            a, b = (AXES.index(axis) for axis in given)
            crop = np.rot90(crop, 1, (a, b))
            at[b] = 2 - at[b]
            at[[a, b]] = at[[b, a]]
        else:
            at = at + given
    z, y, x = at
    return crop[z : z + 3, y : y + 3, x : x + 3]


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    crop = np.arange(125).reshape(5, 5, 5)
    planes = ["yx", "zx", "zy", "xy", "xz", "yz"]
    lists = [[["flip", axis]] for axis in AXES]
    lists += [[["turn", *plane]] * turns for plane in planes for turns in (1, 2, 3)]
    lists += [[["shift", 1, -1, 0]], [["turn", "y", "x"], ["shift", 1, 0, -1]], [["shift", 1, 0, -1], ["flip", "x"]]]
    for _ in range(20):
        operations = []
        for kind in rng.choice(["flip", "turn"], 4):
            operations.append(["flip", rng.choice(list(AXES))] if kind == "flip" else ["turn", *rng.choice(planes)])
        operations.insert(rng.integers(5), ["shift", *(int(v) for v in rng.integers(-1, 2, 3))])
        lists.append([[str(v) if isinstance(v, str) else v for v in operation] for operation in operations])
    cases = [{"operations": o, "image": image_of(crop, o).ravel().tolist()} for o in lists]
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
