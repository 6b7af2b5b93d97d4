"""scikit-learn peer of `npm run bench -- evaluate`: the same figures of the same files, with the interval by patient.

    python tools/reference/bench_evaluate.py <run>        (needs scikit-learn)

Patients are resampled by their numbers of each kind (nodules, and right ones), which is the fastest that numpy has for it.
The last line on standard output is JSON.
"""

import csv
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, roc_auc_score


def read(folder):
    patients, labels, predictions, rows = [], [], [], []
    for path in sorted(folder.glob("fold-*/predictions.csv")):
        with path.open(newline="") as file:
            lines = csv.reader(file)
            classes = [name[2:] for name in next(lines)[4:]]
            index = {name: k for k, name in enumerate(classes)}
            for _, patient, label, prediction, *probabilities in lines:
                patients.append(patient)
                labels.append(index[label])
                predictions.append(index[prediction])
                rows.append([float(value) for value in probabilities])
    return patients, np.array(labels), np.array(predictions), np.array(rows)


def calibration_error(labels, probabilities, bins=15):
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    # Closed above, as in Guo et al. 2017.
    place = np.searchsorted(np.arange(1, bins + 1) / bins, confidence)
    gaps = np.bincount(place, weights=right - confidence, minlength=bins)
    return np.abs(gaps).sum() / len(labels)


def interval(patients, right, resamples=2000):
    _, place = np.unique(patients, return_inverse=True)
    sums = np.stack([np.bincount(place, weights=right), np.bincount(place)])
    kinds, sizes = np.unique(sums, axis=1, return_counts=True)
    drawn = np.random.default_rng(1).multinomial(sizes.sum(), sizes / sizes.sum(), size=resamples)
    correct, count = kinds @ drawn.T
    return np.percentile(correct / count, [2.5, 97.5])


if __name__ == "__main__":
    start = time.perf_counter()
    patients, labels, predictions, probabilities = read(Path(sys.argv[1]))
    classes = probabilities.shape[1]
    figures = {
        "accuracy": accuracy_score(labels, predictions),
        "auc": np.mean([roc_auc_score(labels == k, probabilities[:, k]) for k in range(classes)]),
        "brier": brier_score_loss(np.eye(classes)[labels], probabilities, scale_by_half=False),
        "ece": calibration_error(labels, probabilities),
        "macroF1": f1_score(labels, predictions, average="macro"),
    }
    low, high = interval(patients, labels == predictions)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - start,
                "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "figures": figures,
                "interval": {"low": low, "high": high},
            }
        )
    )
