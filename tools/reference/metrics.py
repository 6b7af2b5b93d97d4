"""Fixtures of packages/metrics: what scikit-learn, scipy and numpy compute from small made-up predictions.

    python tools/reference/metrics.py        (needs scikit-learn 1.7 or later, scipy)

Probabilities are rounded to two decimals before anything is computed, so that ties occur.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.stats import binomtest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

FIXTURE = Path(__file__).parents[2] / "packages/metrics/fixtures/scikit-learn.json"


def made_up(rng, count, classes, skill, priors):
    """Labels and two-decimal probabilities that know a little about them; each row sums to 1."""
    labels = rng.choice(classes, size=count, p=priors)
    logits = rng.normal(size=(count, classes)) + skill * np.eye(classes)[labels]
    parts = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    hundredths = np.floor(parts * 100).astype(int)
    hundredths[np.arange(count), hundredths.argmax(1)] += 100 - hundredths.sum(1)
    return labels, hundredths / 100


def calibration_error(labels, probabilities, bins):
    """Guo et al. 2017, equation 3, bin by bin as it stands there."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    error = 0.0
    for m in range(1, bins + 1):
        # Hundredths against twentieths or the like: compared as integers, free of rounding.
        hundredths = np.rint(confidence * 100).astype(int) * bins
        inside = (hundredths > (m - 1) * 100) & (hundredths <= m * 100)
        if inside.any():
            error += inside.sum() / len(labels) * abs(right[inside].mean() - confidence[inside].mean())
    return error


def one_versus_rest(labels, probabilities):
    areas = []
    for k in range(probabilities.shape[1]):
        positive = labels == k
        defined = positive.any() and not positive.all()
        areas.append(roc_auc_score(positive, probabilities[:, k]) if defined else None)
    return areas


def kappa(labels, predictions, classes, weights):
    if set(labels) | set(predictions) == {labels[0]}:
        return None  # scikit-learn divides 0 by 0
    return cohen_kappa_score(labels, predictions, labels=classes, weights=weights)


def case(name, labels, probabilities, predictions=None):
    classes = probabilities.shape[1]
    everyone = list(range(classes))
    present = np.unique(labels).tolist()
    predictions = probabilities.argmax(1) if predictions is None else predictions
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predictions, labels=everyone, zero_division=0
    )
    macro = precision_recall_fscore_support(labels, predictions, labels=present, average="macro", zero_division=0)
    areas = one_versus_rest(labels, probabilities)
    if classes > 2 and len(present) == classes:
        # scikit-learn's own mean over classes must be the mean of its binary areas.
        own = roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
        assert abs(own - np.mean(areas)) < 1e-12
    defined = [area for area in areas if area is not None]
    return {
        "name": name,
        "labels": labels.tolist(),
        "predictions": predictions.tolist(),
        "probabilities": probabilities.tolist(),
        "confusion": confusion_matrix(labels, predictions, labels=everyone).tolist(),
        "accuracy": accuracy_score(labels, predictions),
        "perClass": [
            {"precision": p, "recall": r, "f1": f, "support": int(s)}
            for p, r, f, s in zip(precision, recall, f1, support)
        ],
        "macro": {"precision": macro[0], "recall": macro[1], "f1": macro[2]},
        "balancedAccuracy": balanced_accuracy_score(labels, predictions) if len(present) > 1 else None,
        "auc": areas,
        "macroAuc": float(np.mean(defined)) if defined else None,
        "kappa": kappa(labels, predictions, everyone, None),
        "linearKappa": kappa(labels, predictions, everyone, "linear"),
        "quadraticKappa": kappa(labels, predictions, everyone, "quadratic"),
        "brier": brier_score_loss(np.eye(classes)[labels], probabilities, scale_by_half=False),
        "ece": {str(bins): calibration_error(labels, probabilities, bins) for bins in (1, 10, 15, 20)},
    }


def wilson(successes, trials, level):
    ends = binomtest(successes, trials).proportion_ci(level, method="wilson")
    z = scipy.stats.norm.ppf((1 + level) / 2)
    return {"successes": successes, "trials": trials, "z": z, "low": ends.low, "high": ends.high}


def bootstrap(rng, resamples, level):
    """The mean over resampled groups, from uniform numbers that the test is given as well."""
    groups = rng.choice(5, size=14)
    values = rng.normal(size=14).round(3)
    _, first = np.unique(groups, return_index=True)
    names = groups[np.sort(first)]
    uniform = rng.random((resamples, len(names)))
    means = [
        np.concatenate([values[groups == names[int(u * len(names))]] for u in row]).mean() for row in uniform
    ]
    low, high = np.percentile(means, [50 * (1 - level), 50 * (1 + level)])
    return {
        "groups": [f"patient {group}" for group in groups],
        "values": values.tolist(),
        "uniform": uniform.flatten().tolist(),
        "resamples": resamples,
        "level": level,
        "low": low,
        "high": high,
    }


def bootstrap_f1(rng, resamples, level):
    """Macro F1 over resampled groups: each case is weighed by how often its group was drawn."""
    labels, probabilities = made_up(rng, 60, 3, 1.0, [0.5, 0.3, 0.2])
    predictions = probabilities.argmax(1)
    groups = rng.permutation(np.arange(60) % 23)
    _, first = np.unique(groups, return_index=True)
    names = groups[np.sort(first)]
    uniform = rng.random((resamples, len(names)))
    scores = []
    for row in uniform:
        times = np.bincount(names[(row * len(names)).astype(int)], minlength=len(names))
        scores.append(
            f1_score(labels, predictions, labels=[0, 1, 2], average="macro", zero_division=0, sample_weight=times[groups])
        )
    low, high = np.percentile(scores, [50 * (1 - level), 50 * (1 + level)])
    return {
        "groups": [f"patient {group}" for group in groups],
        "labels": labels.tolist(),
        "predictions": predictions.tolist(),
        "uniform": uniform.flatten().tolist(),
        "resamples": resamples,
        "level": level,
        "low": low,
        "high": high,
    }


def binomial(trials, p):
    """What a sample of 100,000 is held to: cells of at least 20 expected, and the 99.9 % point of chi-squared."""
    sample = 100_000
    edges = [0]
    for k in range(1, trials + 1):
        below = scipy.stats.binom.cdf(k - 1, trials, p)
        since = below - scipy.stats.binom.cdf(edges[-1] - 1, trials, p)
        if min(since, 1 - below) * sample >= 20:
            edges.append(k)
    cells = np.diff([*scipy.stats.binom.cdf(np.array(edges) - 1, trials, p), 1])
    return {
        "trials": trials,
        "p": p,
        "sample": sample,
        "from": edges,
        "expected": (cells * sample).tolist(),
        "chiSquared": scipy.stats.chi2.ppf(0.999, len(cells) - 1),
    }


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    labels, probabilities = made_up(rng, 60, 3, 1.0, [0.5, 0.3, 0.2])
    two, two_probabilities = made_up(rng, 40, 2, 0.7, [0.6, 0.4])
    without, without_probabilities = made_up(rng, 40, 3, 0.7, [0.6, 0, 0.4])
    fixture = {
        "scikit-learn": sklearn.__version__,
        "scipy": scipy.__version__,
        "cases": [
            case("three classes", labels, probabilities),
            case("two classes", two, two_probabilities),
            case("a class that is predicted but never true", without, without_probabilities),
            case("a class that is true but never predicted", labels, probabilities, np.minimum(labels, 1)),
            case("always the same answer", labels, probabilities, np.zeros_like(labels)),
            case("one true class", np.ones(6, int), probabilities[:6]),
        ],
        "wilson": [
            wilson(*arguments)
            for arguments in [(0, 10, 0.95), (10, 10, 0.95), (7, 10, 0.95), (1, 1, 0.95), (611, 1000, 0.95), (3, 8, 0.8)]
        ],
        "bootstrap": [bootstrap(rng, 40, 0.95), bootstrap(rng, 31, 0.5)],
        "meanDeviation": [
            {"values": values, "mean": float(np.mean(values)), "deviation": float(np.std(values, ddof=1))}
            for values in ([0.6, 0.62, 0.58, 0.61, 0.6], [0.5, 0.5], [0.0, 1.0])
        ],
        "bootstrapF1": bootstrap_f1(rng, 40, 0.9),
        "binomial": [
            binomial(*arguments)
            for arguments in [(5, 0.5), (30, 0.1), (1000, 0.005), (40, 0.3), (40, 0.8), (400, 0.03), (2000, 0.5)]
        ],
    }
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(json.dumps(fixture, indent=1) + "\n")
