"""Fixture of apps/evaluator: what scikit-learn and pandas find in a small made-up study.

    python tools/reference/evaluator_analysis.py        (needs scikit-learn 1.7 or later)

Malignancy ratings are whole, or of a reader who drew a nodule twice a half: so means and medians lie on the bounds of the rules.
Probabilities are rounded to two decimals, so that ties occur.
"""

import json
from itertools import permutations
from pathlib import Path
from statistics import mean, median

import numpy as np
import sklearn
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, mean_absolute_error, roc_auc_score

FIXTURE = Path(__file__).parents[2] / "apps/evaluator/fixtures/analysis.json"
CLASSES = ["benign", "unsure", "malignant"]


def label_of(malignancy, inclusive=False):
    if malignancy < 2.5 or (inclusive and malignancy == 2.5):
        return 0
    if malignancy > 3.5 or (inclusive and malignancy == 3.5):
        return 2
    return 1


def made_up(rng, patients=30):
    nodules = []
    for patient in range(patients):
        for number in range(rng.integers(1, 5)):
            truth = rng.uniform(1, 5)
            readers = int(rng.integers(1, 5))
            ratings = np.clip(np.round(truth + rng.normal(0, 0.8, readers)), 1, 5)
            if rng.random() < 0.25:
                ratings[0] = min(ratings[0] + 0.5, 5)
            logits = -np.abs(np.array([1.5, 3, 4.5]) - truth) + rng.normal(0, 0.6, 3)
            parts = np.floor(100 * np.exp(logits) / np.exp(logits).sum())
            parts[parts.argmax()] += 100 - parts.sum()
            nodules.append(
                {
                    "id": f"P{patient}-{number + 1}",
                    "patient": f"P{patient}",
                    "fold": patient % 3,
                    "ratings": ratings.tolist(),
                    "diameter": float(rng.choice([4.2, 5.9999, 6, 7.5, 8, 11.25, 14.9999, 15, 22])),
                    "texture": float(rng.choice([1, 2.25, 2.5, 3, 3.5, 3.75, 5])),
                    "sliceThickness": [0.625, 1.5, 2.5, 3][patient % 4],
                    "manufacturer": ["GE MEDICAL SYSTEMS", "Philips", "PHILIPS", ""][patient % 4],
                    "probabilities": (parts / 100).tolist(),
                }
            )
    return nodules


def figures(labels, answers, names):
    present = np.unique(labels)
    all_figures = {
        "accuracy": lambda: accuracy_score(labels, answers),
        "macroF1": lambda: f1_score(labels, answers, labels=present, average="macro", zero_division=0),
        "kappa": lambda: cohen_kappa_score(labels, answers, labels=[0, 1, 2]),
        "quadraticKappa": lambda: cohen_kappa_score(labels, answers, labels=[0, 1, 2], weights="quadratic"),
        "meanAbsoluteError": lambda: mean_absolute_error(labels, answers),
    }
    return {name: float(all_figures[name]()) for name in names}


def macro_auc(labels, probabilities):
    areas = [
        roc_auc_score(labels == k, probabilities[:, k]) for k in range(3) if 0 < (labels == k).sum() < len(labels)
    ]
    return float(np.mean(areas)) if areas else None


def scored(nodules, labels):
    """Figures of the model's predictions against labels."""
    if not nodules:
        return None
    probabilities = np.array([one["probabilities"] for one in nodules])
    answers = probabilities.argmax(1)
    labels = np.array(labels)
    return {
        "nodules": len(nodules),
        "patients": len({one["patient"] for one in nodules}),
        "support": [int((labels == k).sum()) for k in range(3)],
        **figures(labels, answers, ["accuracy", "macroF1"]),
        "auc": macro_auc(labels, probabilities),
    }


def beside(rows, names):
    """Rows of (label, reader's class, model's class)."""
    labels, readers, model = (np.array(column) for column in zip(*rows))
    return {"judgements": len(rows), "readers": figures(labels, readers, names), "model": figures(labels, model, names)}


def judged(nodules, judge, names):
    rows = [(place, row) for one in nodules for place, row in judge(one)]
    return {
        "pooled": beside([row for _, row in rows], names),
        "perReader": [
            beside([row for place, row in rows if place == reader], names)
            for reader in sorted({place for place, _ in rows})
        ],
    }


def against_others(one):
    model = int(np.argmax(one["probabilities"]))
    for place, own in enumerate(one["ratings"]):
        others = [rating for other, rating in enumerate(one["ratings"]) if other != place]
        yield place, (label_of(mean(others)), label_of(own), model)


def each_with_each(one):
    model = int(np.argmax(one["probabilities"]))
    for place, other in permutations(range(len(one["ratings"])), 2):
        yield place, (label_of(one["ratings"][place]), label_of(one["ratings"][other]), model)


def diameter_group(one):
    value = one["diameter"]
    return ["below 6 mm", "6 to below 8 mm", "8 to below 15 mm", "15 mm or more"][int(np.digitize(value, [6, 8, 15]))]


def texture_group(one):
    value = one["texture"]
    return "non-solid" if value < 2.5 else "part-solid" if value <= 3.5 else "solid"


def votes(one):
    classes = [label_of(rating) for rating in one["ratings"]]
    return sorted((classes.count(k) for k in range(3)), reverse=True)


def agreement_group(one):
    if len(one["ratings"]) < 2:
        return None
    return "the same class" if votes(one)[1] == 0 else "different classes"


def margin_group(one):
    count = len(one["ratings"])
    if count < 2:
        return None
    first, second, _ = votes(one)
    if first == second:
        return "tie"
    if second == 0:
        return "all readers"
    return "up to half of the readers" if 2 * (first - second) <= count else "more than half"


def thickness_group(one):
    value = one["sliceThickness"]
    return "up to 1.5 mm" if value <= 1.5 else "above 1.5, up to 2.5 mm" if value <= 2.5 else "above 2.5 mm"


SUBGROUPS = {
    "diameter": diameter_group,
    "texture": texture_group,
    "readerAgreement": agreement_group,
    "voteMargin": margin_group,
    "readers": lambda one: str(len(one["ratings"])),
    "sliceThickness": thickness_group,
    "manufacturer": lambda one: one["manufacturer"].upper() or None,
}


def by_rule(nodules, least, statistic, inclusive):
    kept = [one for one in nodules if len(one["ratings"]) >= least]
    average = mean if statistic == "mean" else median
    labels = [label_of(average(one["ratings"]), inclusive) for one in kept]
    answers = [int(np.argmax(one["probabilities"])) for one in kept]
    return {
        "minReaders": least,
        "statistic": statistic,
        "rule": "inclusive" if inclusive else "pylidc",
        "tooFewReaders": len(nodules) - len(kept),
        "majority": max(labels.count(k) for k in range(3)) / len(labels),
        **scored(kept, labels),
        **figures(labels, answers, ["quadraticKappa"]),
    }


def main():
    nodules = made_up(np.random.default_rng(11))
    several = [one for one in nodules if len(one["ratings"]) > 1]
    labels = [label_of(mean(one["ratings"])) for one in nodules]
    of_label = [one["probabilities"][label] for one, label in zip(nodules, labels)]
    groups = {
        name: {
            group: scored(*zip(*[(one, label) for one, label in zip(nodules, labels) if group_of(one) == group]))
            for group in sorted({group_of(one) for one in nodules} - {None})
        }
        for name, group_of in SUBGROUPS.items()
    }
    study = {
        "scikitLearn": sklearn.__version__,
        "nodules": nodules,
        "againstOthers": judged(several, against_others, ["accuracy", "macroF1", "quadraticKappa", "meanAbsoluteError"]),
        "agreement": judged(several, each_with_each, ["kappa", "quadraticKappa"]),
        "subgroups": groups,
        "rules": [
            by_rule(nodules, least, statistic, inclusive)
            for least in (1, 2, 3, 4)
            for statistic in ("mean", "median")
            for inclusive in (False, True)
        ],
        "hardest": sorted(zip(of_label, (one["id"] for one in nodules)))[:10],
    }
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(json.dumps(study) + "\n")
    print(f"{len(nodules)} nodules, {FIXTURE.stat().st_size} bytes")


main()
