"""Fixtures of packages/metrics beside those of metrics.py: what scikit-learn and scipy compute, and formulas written out.

    python tools/reference/metrics_statistics.py        (needs scikit-learn 1.7 or later, scipy)

What no package has (DeLong with patients, ranked probability score, decompositions) is computed here case by case, pair by
pair, as the formulas stand in the papers, and so in another way than in the package.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from metrics import made_up
from scipy import stats
from scipy.optimize import brentq
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    f1_score,
    mean_absolute_error,
    roc_auc_score,
    roc_curve,
)

FIXTURE = Path(__file__).parents[2] / "packages/metrics/fixtures/statistics.json"

PARTS = [0.5, 0.8, 0.9, 0.95, 1.0]


def finite(value):
    return None if value is None or not np.isfinite(value) else float(value)


def operating_points(positive, scores):
    """The best of the counts at each threshold; fractions are of whole numbers, so that 9/10 is 0.9."""
    if positive.all() or not positive.any():
        return None
    _, _, thresholds = roc_curve(positive, scores, drop_intermediate=False)
    points = []
    for threshold in thresholds:
        chosen = scores >= threshold
        points.append(
            ((chosen & positive).sum() / positive.sum(), (~chosen & ~positive).sum() / (~positive).sum())
        )
    return {
        "sensitivity": [max(s for s, t in points if t >= part) for part in PARTS],
        "specificity": [max(t for s, t in points if s >= part) for part in PARTS],
    }


def decomposition(positive, p, bins):
    """Stephenson, Coelho & Jolliffe 2008, equation 4, bin by bin. p is in hundredths."""
    o = positive.astype(float)
    n = len(o)
    parts = dict.fromkeys(["reliability", "resolution", "withinVariance", "withinCovariance"], 0.0)
    hundredths = np.rint(p * 100).astype(int) * bins
    for m in range(1, bins + 1):
        low = -1 if m == 1 else (m - 1) * 100
        inside = (hundredths > low) & (hundredths <= m * 100)
        if not inside.any():
            continue
        f, e = p[inside], o[inside]
        parts["reliability"] += len(f) * (f.mean() - e.mean()) ** 2 / n
        parts["resolution"] += len(f) * (e.mean() - o.mean()) ** 2 / n
        parts["withinVariance"] += len(f) * f.var() / n
        parts["withinCovariance"] += 2 * len(f) * ((f - f.mean()) * (e - e.mean())).mean() / n
    parts["uncertainty"] = o.mean() * (1 - o.mean())
    parts["score"] = ((p - o) ** 2).mean()
    total = parts["reliability"] - parts["resolution"] + parts["uncertainty"]
    assert abs(total + parts["withinVariance"] - parts["withinCovariance"] - parts["score"]) < 1e-14
    return parts


def net_benefit(positive, p, threshold):
    (_, fp), (_, tp) = confusion_matrix(positive, p >= threshold, labels=[False, True])
    n = len(p)
    return tp / n - fp / n * threshold / (1 - threshold)


def case(name, labels, probabilities):
    classes = probabilities.shape[1]
    predictions = probabilities.argmax(1)
    onehot = np.eye(classes)[labels]
    cumulative = (probabilities.cumsum(1) - onehot.cumsum(1))[:, :-1]
    expected = np.round(probabilities @ np.arange(classes), 12)
    somers = stats.somersd(labels, expected).statistic if len(set(labels)) > 1 else None
    costs = np.abs(np.subtract.outer(np.arange(classes), np.arange(classes))) ** 1.5 + np.tri(classes, k=-1)
    thresholds = [0.05, 0.2, 0.5, 0.8]
    return {
        "name": name,
        "labels": labels.tolist(),
        "predictions": predictions.tolist(),
        "probabilities": probabilities.tolist(),
        "weightedF1": f1_score(labels, predictions, average="weighted", zero_division=0),
        "meanAbsoluteError": mean_absolute_error(labels, predictions),
        "rankedProbabilityScore": (cumulative**2).sum(1).mean() / (classes - 1),
        "somersD": somers,
        "costs": costs.tolist(),
        "expectedCost": np.mean([costs[y, z] for y, z in zip(labels, predictions)]),
        "averagePrecision": [
            finite(average_precision_score(labels == k, probabilities[:, k])) if (labels == k).any() else None
            for k in range(classes)
        ],
        "operatingPoints": [operating_points(labels == k, probabilities[:, k]) for k in range(classes)],
        "decomposition": {
            str(bins): [decomposition(labels == k, probabilities[:, k], bins) for k in range(classes)]
            for bins in (1, 5, 10)
        },
        "thresholds": thresholds,
        "netBenefit": [
            [net_benefit(labels == k, probabilities[:, k], t) for t in thresholds] for k in range(classes)
        ],
    }


def placements(positive, scores):
    """V10 of the positives and V01 of the negatives, pair by pair."""
    pairs = np.array([[1.0 if x > y else 0.5 if x == y else 0.0 for y in scores[~positive]] for x in scores[positive]])
    return pairs.mean(1), pairs.mean(0)


def delong(rng, nodules, patients, distinct):
    """Two classifiers; variances and covariance by DeLong's equation, and by Obuchowski's with patients."""
    labels = rng.random(nodules) < 0.4
    patient = rng.integers(patients, size=nodules) if patients < nodules else np.arange(nodules)
    shared = rng.normal(size=patients)[patient] + labels
    scores = [np.round(shared + rng.normal(size=nodules) * s, 1 if not distinct else 6) for s in (1, 1.5)]
    v10, v01 = zip(*(placements(labels, s) for s in scores))
    m, n = labels.sum(), (~labels).sum()
    areas = [roc_auc_score(labels, s) for s in scores]
    independent = np.cov(v10) / m + np.cov(v01) / n
    names = np.unique(patient)
    ten = np.array([[(v - a)[patient[labels] == g].sum() for g in names] for v, a in zip(v10, areas)])
    one = np.array([[(v - a)[patient[~labels] == g].sum() for g in names] for v, a in zip(v01, areas)])
    i10, i01, i = len(set(patient[labels])), len(set(patient[~labels])), len(names)
    s10, s01 = i10 / ((i10 - 1) * m) * ten @ ten.T, i01 / ((i01 - 1) * n) * one @ one.T
    s11 = i / (i - 1) * ten @ one.T
    clustered = s10 / m + s01 / n + (s11 + s11.T) / (m * n)

    def test(covariance):
        variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
        z = (areas[1] - areas[0]) / np.sqrt(variance)
        return {
            "variances": [covariance[0, 0], covariance[1, 1]],
            "variance": variance,
            "z": z,
            "pValue": 2 * stats.norm.sf(abs(z)),
        }

    return {
        "positive": labels.tolist(),
        "a": scores[0].tolist(),
        "b": scores[1].tolist(),
        "patients": [f"patient {g}" for g in patient],
        "areas": areas,
        "independent": test(independent),
        "clustered": test(clustered),
    }


def bca(rng, name, values, statistic, resamples, level):
    """scipy's BCa interval, and uniform numbers that draw what it drew. @param values lists of one length, drawn together"""
    n = len(values[0])
    seed = int(rng.integers(2**31))
    options = dict(paired=True, vectorized=False, n_resamples=resamples, confidence_level=level)
    results = {
        method: stats.bootstrap(values, statistic, method=method, rng=np.random.default_rng(seed), **options)
        for method in ("BCa", "percentile")
    }
    drawn = np.random.default_rng(seed).integers(0, n, (resamples, n))
    found = [statistic(*(np.asarray(v)[row] for v in values)) for row in drawn]
    assert np.allclose(np.sort(found), np.sort(results["BCa"].bootstrap_distribution), atol=1e-14, rtol=0)
    return {
        "name": name,
        "values": [np.asarray(v).tolist() for v in values],
        "uniform": ((drawn + 0.5) / n).flatten().round(6).tolist(),
        "resamples": resamples,
        "level": level,
        **{
            method: {"low": r.confidence_interval.low, "high": r.confidence_interval.high}
            for method, r in results.items()
        },
    }


def temperature(labels, logits):
    """Where the derivative of the likelihood by 1/T is 0."""

    def slope(inverse):
        p = scipy.special.softmax(inverse * logits, axis=1)
        return (logits[np.arange(len(labels)), labels] - (p * logits).sum(1)).sum()

    inverse = brentq(slope, 1e-3, 1e3, xtol=1e-15, rtol=8.9e-16)
    return {"labels": labels.tolist(), "logits": logits.tolist(), "temperature": 1 / inverse}


def conformal(rng, coverage, by_class):
    labels, probabilities = made_up(rng, 60, 3, 1.0, [0.6, 0.1, 0.3])
    tested, test_probabilities = made_up(rng, 30, 3, 1.0, [0.5, 0.2, 0.3])
    quantiles = []
    for k in range(3):
        own = 1 - probabilities[np.arange(60), labels][(labels == k) | (not by_class)]
        level = np.ceil(round((len(own) + 1) * coverage, 9)) / len(own)
        quantiles.append(None if level > 1 else float(np.quantile(own, level, method="inverted_cdf")))
    return {
        "labels": labels.tolist(),
        "probabilities": probabilities.tolist(),
        "testLabels": tested.tolist(),
        "testProbabilities": test_probabilities.tolist(),
        "coverage": coverage,
        "byClass": by_class,
        "quantiles": quantiles,
        "sets": [[k for k in range(3) if quantiles[k] is None or 1 - row[k] <= quantiles[k]] for row in test_probabilities],
    }


def corrected_t(differences, trained, tested, level):
    d = np.array(differences)
    j = len(d)
    error = np.sqrt((1 / j + tested / trained) * d.var(ddof=1))
    t = d.mean() / error
    low, high = stats.t.interval(level, j - 1, loc=d.mean(), scale=error)
    return {
        "differences": differences,
        "trained": trained,
        "tested": tested,
        "level": level,
        "t": t,
        "pValue": 2 * stats.t.sf(abs(t), j - 1),
        "low": low,
        "high": high,
    }


def rank_correlation(a, b):
    with np.errstate(all="ignore"):
        value = stats.spearmanr(a, b).statistic
    return {"a": np.asarray(a, float).tolist(), "b": np.asarray(b, float).tolist(), "value": finite(value)}


if __name__ == "__main__":
    rng = np.random.default_rng(2)
    three = made_up(rng, 60, 3, 1.0, [0.5, 0.3, 0.2])
    two = made_up(rng, 40, 2, 0.7, [0.6, 0.4])
    without = made_up(rng, 40, 3, 0.7, [0.6, 0, 0.4])
    five = made_up(rng, 80, 5, 0.9, [0.3, 0.3, 0.2, 0.1, 0.1])
    alone = made_up(rng, 8, 3, 0.7, [0, 1, 0])
    zs = [-37.5, -20.0, -8.3, -3.0001, -3.0, -2.9999, -1.0, -1e-3, 0.0, 0.5, 2.9, 3.1, 6.0]
    ps = [1e-300, 1e-20, 1e-7, 0.001, 0.025, 0.2, 0.5, 0.8, 0.975, 0.999, 1 - 1e-9]
    skewed = np.round(rng.lognormal(size=25), 3)
    labels, probabilities = made_up(rng, 50, 2, 0.8, [0.5, 0.5])
    fixture = {
        "scikit-learn": sklearn.__version__,
        "scipy": scipy.__version__,
        "parts": PARTS,
        "cases": [
            case("three classes", *three),
            case("two classes", *two),
            case("a class without nodules", *without),
            case("five classes", *five),
            case("one class", *alone),
        ],
        "delong": [
            delong(rng, 40, 40, distinct=False),
            delong(rng, 60, 25, distinct=False),
            delong(rng, 50, 20, distinct=True),
        ],
        "bca": [
            bca(rng, "mean", [skewed], lambda x: np.mean(x), 200, 0.95),
            bca(
                rng,
                "weighted F1",
                [labels, probabilities.argmax(1)],
                lambda y, z: f1_score(y, z, average="weighted", zero_division=0),
                150,
                0.9,
            ),
        ],
        "temperature": [
            temperature(labels, np.log(np.clip(probabilities, 1e-12, None))),
            temperature(three[0], 3 * np.log(np.clip(three[1], 1e-12, None))),
            temperature(five[0], np.round(rng.normal(size=(80, 5)) + 2 * np.eye(5)[five[0]], 3)),
        ],
        "conformal": [
            conformal(rng, 0.9, True),
            conformal(rng, 0.8, True),
            conformal(rng, 0.9, False),
        ],
        "correctedT": [
            corrected_t([0.02, 0.05, -0.01, 0.03, 0.04], 2080, 520, 0.95),
            corrected_t([-0.1, 0.02], 100, 25, 0.9),
            corrected_t(np.round(rng.normal(0.02, 0.03, size=10), 3).tolist(), 900, 100, 0.95),
        ],
        "normal": {
            "z": zs,
            "cdf": stats.norm.cdf(zs).tolist(),
            "p": ps,
            "quantile": stats.norm.ppf(ps).tolist(),
        },
        "studentT": [
            {
                "degrees": df,
                "t": t,
                "pValue": 2 * stats.t.sf(t, df),
                "level": level,
                "within": stats.t.ppf((1 + level) / 2, df),
            }
            for df in (1, 2, 3, 4, 9, 10, 99, 868)
            for t, level in ((0.5, 0.5), (2.0, 0.95), (6.0, 0.99))
        ],
        "rankCorrelation": [
            rank_correlation(rng.normal(size=30), rng.normal(size=30)),
            # With equals.
            rank_correlation(rng.integers(1, 6, size=40), rng.normal(size=40)),
            rank_correlation(rng.integers(1, 4, size=25), rng.integers(1, 4, size=25)),
            rank_correlation(np.arange(9), -np.arange(9) ** 3),
            rank_correlation(np.ones(5), np.arange(5)),
        ],
    }
    FIXTURE.write_text(json.dumps(fixture, indent=None, separators=(",", ":")) + "\n")
