"""Fixtures of packages/metrics: what statsmodels computes.

    python tools/reference/metrics_statsmodels.py        (needs statsmodels)
"""

import json
from pathlib import Path

import numpy as np
import statsmodels
import statsmodels.api as sm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

FIXTURE = Path(__file__).parents[2] / "packages/metrics/fixtures/statsmodels.json"


def recalibration(rng, n, slope, intercept):
    p = np.round(1 / (1 + np.exp(-rng.normal(size=n) * 1.5)), 3)
    p[:2] = [0, 1]
    logit = np.log(np.clip(p, 1e-7, 1 - 1e-7) / (1 - np.clip(p, 1e-7, 1 - 1e-7)))
    events = rng.random(n) < 1 / (1 + np.exp(-intercept - slope * np.clip(logit, -5, 5)))
    family = sm.families.Binomial()
    tight = dict(tol=1e-14, maxiter=200, tol_criterion="params")
    line = sm.GLM(events.astype(float), sm.add_constant(logit), family=family).fit(**tight)
    large = sm.GLM(events.astype(float), np.ones((n, 1)), family=family, offset=logit).fit(**tight)
    return {
        "positive": events.tolist(),
        "probabilities": p.tolist(),
        "inTheLarge": large.params[0],
        "intercept": line.params[0],
        "slope": line.params[1],
    }


def proportion(rng, n, patients):
    """Variance of a mean that is robust to clusters, with the factor G/(G − 1), against that of independent cases."""
    patient = rng.integers(patients, size=n)
    successes = rng.random(n) < rng.beta(2, 1, size=patients)[patient]
    fit = sm.OLS(successes.astype(float), np.ones((n, 1))).fit(cov_type="cluster", cov_kwds={"groups": patient})
    p = successes.mean()
    return {
        "successes": successes.tolist(),
        "patients": [f"patient {g}" for g in patient],
        "designEffect": float(fit.cov_params()[0, 0] / (p * (1 - p) / n)),
    }


if __name__ == "__main__":
    rng = np.random.default_rng(3)
    lists = [[0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.02], [0.9], np.round(rng.random(12) ** 3, 4).tolist()]
    fixture = {
        "statsmodels": statsmodels.__version__,
        "mcnemar": [
            {"onlyA": a, "onlyB": b, "exactPValue": float(mcnemar([[5, a], [b, 5]], exact=True).pvalue)}
            for a, b in [(0, 1), (1, 0), (0, 6), (3, 9), (12, 12), (20, 41), (300, 371), (1, 2)]
        ],
        "holm": [{"pValues": p, "adjusted": multipletests(p, method="holm")[1].tolist()} for p in lists],
        "recalibration": [
            recalibration(rng, 60, 1, 0),
            recalibration(rng, 200, 0.6, -1),
            recalibration(rng, 150, 1.8, 0.7),
        ],
        "proportion": [proportion(rng, 80, 20), proportion(rng, 60, 45), proportion(rng, 200, 6)],
    }
    FIXTURE.write_text(json.dumps(fixture, indent=None, separators=(",", ":")) + "\n")
