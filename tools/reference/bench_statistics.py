"""scikit-learn peer of `npm run bench -- statistics`: figures of 2,000 resamples, each given as weights of the nodules.

    python tools/reference/bench_statistics.py <cases.json>        (needs scikit-learn)

The last line on standard output is JSON.
"""

import json
import sys
import time

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    cohen_kappa_score,
    f1_score,
    mean_absolute_error,
    roc_auc_score,
)

RESAMPLES = 2000
# One takes milliseconds; so many tell the time of all.
TIMED = 100

with open(sys.argv[1]) as file:
    study = json.load(file)
labels = np.array(study["cases"]["labels"])
predictions = np.array(study["cases"]["predictions"])
probabilities = np.array(study["cases"]["probabilities"])
onehot = np.eye(3)[labels]
names, patients = np.unique(study["patients"], return_inverse=True)

figures = {
    "accuracy": lambda w: accuracy_score(labels, predictions, sample_weight=w),
    "macroF1": lambda w: f1_score(labels, predictions, average="macro", sample_weight=w),
    "weightedF1": lambda w: f1_score(labels, predictions, average="weighted", sample_weight=w),
    "auc": lambda w: roc_auc_score(labels, probabilities, multi_class="ovr", sample_weight=w),
    "averagePrecision": lambda w: average_precision_score(onehot, probabilities, sample_weight=w),
    "brier": lambda w: brier_score_loss(onehot, probabilities, scale_by_half=False, sample_weight=w),
    "kappa": lambda w: cohen_kappa_score(labels, predictions, sample_weight=w),
    "quadraticKappa": lambda w: cohen_kappa_score(labels, predictions, weights="quadratic", sample_weight=w),
    "meanAbsoluteError": lambda w: mean_absolute_error(labels, predictions, sample_weight=w),
}

seconds = {}
for name, figure in figures.items():
    rng = np.random.default_rng(1)
    start = time.perf_counter()
    for _ in range(TIMED):
        times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
        figure(times[patients].astype(float))
    seconds[name] = (time.perf_counter() - start) * RESAMPLES / TIMED
print(json.dumps({"figures": seconds}))
