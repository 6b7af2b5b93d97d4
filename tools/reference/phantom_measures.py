"""Do a phantom's ratings explain what its images show? Measures each attribute on the DICOM and XML files, and classifies.

    clip-lung phantom FOLDER --patients 300 --seed 7
    python tools/reference/phantom_measures.py FOLDER        (needs pydicom, scipy and scikit-learn)

Prints the tables of docs/phantom.md, and fails where the phantom is not what it promises to be. All measures come from
the files alone: the HU as pydicom reads them, and the voxels that at least half of a nodule's readers outlined. truth.csv
and the ratings are only what they are compared with.
"""

import csv
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import apply_rescale
from scipy.ndimage import binary_fill_holes, map_coordinates, uniform_filter1d
from scipy.optimize import least_squares
from scipy.spatial import ConvexHull
from scipy.special import ndtr, sph_harm_y
from scipy.stats import rankdata, spearmanr
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

LIDC = "{http://www.nih.gov}"
ATTRIBUTES = ("subtlety", "internalStructure", "calcification", "sphericity", "margin", "lobulation", "spiculation", "texture")
LUNG, SOFT = -850, 35


def fibonacci(count):
    """Unit vectors (x, y, z) spread evenly over the sphere, [count, 3]."""
    i = np.arange(count)
    z = 1 - (2 * i + 1) / count
    angle = i * np.pi * (3 - np.sqrt(5))
    radius = np.sqrt(1 - z**2)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], 1)


DIRECTIONS = fibonacci(800)
TRIANGLES = ConvexHull(DIRECTIONS).simplices
STEPS = np.arange(0, 2.6, 0.04)
DEGREE = 8


def harmonics():
    """Real spherical harmonics to degree 8 at the directions, [800, 81], and the degree of each."""
    polar = np.arccos(DIRECTIONS[:, 2])
    azimuth = np.arctan2(DIRECTIONS[:, 1], DIRECTIONS[:, 0])
    columns, degrees = [], []
    for n in range(DEGREE + 1):
        for m in range(-n, n + 1):
            value = sph_harm_y(n, abs(m), polar, azimuth)
            columns.append(value.real if m >= 0 else value.imag)
            degrees.append(n)
    return np.stack(columns, 1), np.array(degrees)


HARMONICS, DEGREES = harmonics()
FIT = np.linalg.pinv(HARMONICS)


class Scan:
    """A patient's volume [slices, rows, columns] and the readers' outlines."""

    def __init__(self, folder):
        series = [pydicom.dcmread(path) for path in folder.rglob("*.dcm")]
        series.sort(key=lambda ds: ds.ImagePositionPatient[2])
        self.hu = np.stack([apply_rescale(ds.pixel_array, ds) for ds in series]).astype(np.float32)
        first = series[0]
        self.model = first.ManufacturerModelName
        z = [float(ds.ImagePositionPatient[2]) for ds in series]
        self.spacing = np.array([z[1] - z[0], *first.PixelSpacing], float)
        index = {ds.SOPInstanceUID: k for k, ds in enumerate(series)}
        (xml,) = folder.rglob("*.xml")
        self.outlines = {}
        for session in ElementTree.parse(xml).getroot().iter(f"{LIDC}readingSession"):
            for nodule in session.iter(f"{LIDC}unblindedReadNodule"):
                if nodule.find(f"{LIDC}characteristics") is None:
                    continue
                mask = np.zeros(self.hu.shape, bool)
                for roi in nodule.iter(f"{LIDC}roi"):
                    k = index[roi.findtext(f"{LIDC}imageSOP_UID")]
                    x = [int(edge.findtext(f"{LIDC}xCoord")) for edge in roi.iter(f"{LIDC}edgeMap")]
                    y = [int(edge.findtext(f"{LIDC}yCoord")) for edge in roi.iter(f"{LIDC}edgeMap")]
                    contour = np.zeros((max(y) - min(y) + 1, max(x) - min(x) + 1), bool)
                    contour[np.subtract(y, min(y)), np.subtract(x, min(x))] = True
                    # The contour runs through the first voxels outside.
                    mask[k, min(y) : max(y) + 1, min(x) : max(x) + 1] |= binary_fill_holes(contour) & ~contour
                self.outlines.setdefault(int(nodule.findtext(f"{LIDC}noduleID")), []).append(mask)

    def sample(self, volume, center, directions, radii):
        """Values at center + radius · direction, mm, [directions, radii]; `radii` is [radii] or [directions, radii]."""
        offsets = directions[:, None, ::-1] * np.broadcast_to(radii, (len(directions), np.shape(radii)[-1]))[..., None]
        places = (center + offsets) / self.spacing
        return map_coordinates(volume, places.transpose(2, 0, 1), order=1, mode="nearest")


def middle_dip(fractions, profile):
    """How far the inner half of a nodule lies below its outer half, in standard errors.

    A poor margin makes a homogeneous nodule fall off from its middle on, and fluid is a dip of some 30 HU in that fall of
    900. So the fall is fitted first: lung, a blurred edge of any height, place and width, and a step at half of the radius,
    whose height is asked for. Noise and few voxels make its standard error larger, and do not pass for a step.
    """
    used = (fractions > 0.06) & (fractions < 1.5)
    at, hu = fractions[used], profile[used]
    # A shell holds more voxels the farther out it is; those of the lung beyond are not what is asked for.
    weight = np.minimum(at, 0.8) / 20

    def misfit(values):
        lung, height, place, width, dip = values
        body = ndtr((place - at) / np.exp(width))
        return (lung + height * body - dip * body * ndtr((0.5 - at) / 0.1) - hu) * weight

    start = [-800, np.clip(hu[:12].max() + 800, 100, 1400), 1, np.log(0.2), 0]
    bounds = [-950, 50, 0.5, np.log(0.03), -1500], [-300, 1500, 1.5, np.log(0.9), 1500]
    fit = least_squares(misfit, start, bounds=bounds, loss="soft_l1", x_scale=[50, 50, 0.05, 0.2, 30])
    return fit.x[4] / np.sqrt(np.linalg.pinv(fit.jac.T @ fit.jac)[4, 4])


def measure(scan, masks):
    """What one nodule looks like: a dictionary of numbers without units."""
    agreed = np.mean(masks, 0)
    mask = agreed >= 0.5
    volume = mask.sum() * scan.spacing.prod()
    radius = (3 * volume / (4 * np.pi)) ** (1 / 3)
    voxels = np.argwhere(mask) * scan.spacing
    center = voxels.mean(0)

    # The surface along each ray: the outermost point that half of the readers hold.
    steps = STEPS * radius
    held = scan.sample(agreed, center, DIRECTIONS, steps) >= 0.5
    surface = np.maximum(steps[np.where(held.any(1), held.shape[1] - 1 - held[:, ::-1].argmax(1), 0)], 0.3 * radius)
    weights = FIT @ surface
    smooth = np.maximum(HARMONICS @ weights, 0.2 * radius)

    # Surface and volume of the star-shaped body.
    corners = (smooth[:, None] * DIRECTIONS)[TRIANGLES]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
    body = np.abs(np.einsum("ti,ti->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))).sum() / 6
    axes = np.sqrt(np.linalg.eigvalsh(np.cov(voxels.T) + np.diag(scan.spacing**2) / 12))

    def power(low, high):
        return np.sqrt((weights[(DEGREES >= low) & (DEGREES <= high)] ** 2).sum()) / abs(weights[0])

    # HU along the rays, from the centre to the surface and beyond, in units of the surface's distance.
    fractions = np.arange(0.02, 2.2, 0.04)
    along = scan.sample(scan.hu, center, DIRECTIONS, smooth[:, None] * fractions)
    # Calcium counts as soft tissue, but where calcium is sought.
    tissue = np.minimum(along, SOFT + 50)

    def mean(values, low, high):
        part = (fractions >= low) & (fractions < high)
        return np.average(values[:, part], weights=np.broadcast_to(fractions[part] ** 2, (len(values), part.sum())) * smooth[:, None] ** 3)

    profile = np.average(tissue, axis=0, weights=smooth**3)
    contrast = max(mean(tissue, 0, 0.8) - LUNG, 60)

    # The edge: how far it is, on a median ray, from 75 to 15 % of what is just inside.
    outer = max(np.median(tissue[:, (fractions > 0.55) & (fractions < 0.8)]) - LUNG, 60)
    level = uniform_filter1d(tissue - LUNG, 3, axis=1) / outer
    reached = np.where(fractions < 1.4, level >= 0.75, False)
    start = np.where(reached.any(1), reached.shape[1] - 1 - reached[:, ::-1].argmax(1), 0)
    fallen = (level <= 0.15) & (np.arange(len(fractions)) > start[:, None])
    end = np.where(fallen.any(1), fallen.argmax(1), len(fractions) - 1)
    width = np.median((fractions[end] - fractions[start]) * smooth) / radius

    # Beyond the edge: fins are bright in few directions, and too narrow for the harmonics that walls and lobes are made
    # of. Noise is as often dark as bright.
    shell = scan.sample(scan.hu, center, DIRECTIONS, radius * np.arange(1.22, 1.4, 0.04)).mean(1)
    rough = np.sort(shell - HARMONICS @ (FIT @ shell))
    tenth = len(rough) // 10
    return {
        "surface and volume": np.pi ** (1 / 3) * (6 * body) ** (2 / 3) / area,
        "shortest by longest axis": axes[0] / axes[2],
        "radial power, degrees 3 to 8": power(3, DEGREE),
        "bright directions around it": (rough[-tenth:].mean() + rough[:tenth].mean() - 2 * np.median(rough)) / contrast,
        "sharpness of the edge": -width,
        "HU that a tenth is below": np.percentile(tissue[:, fractions < 0.9], 10),
        "share above 250 HU": mean(along > 250, 0, 0.8),
        "dip in the middle": middle_dip(fractions, profile),
        "contrast times diameter": contrast * radius,
        "diameter": 2 * radius,
    }


# attribute: the measure that it should explain, and the sign of the rank correlation
OWN = {
    "subtlety": ("contrast times diameter", 1),
    "internalStructure": ("dip in the middle", 1),
    "calcification": ("share above 250 HU", -1),
    "sphericity": ("shortest by longest axis", 1),
    "margin": ("sharpness of the edge", 1),
    "lobulation": ("radial power, degrees 3 to 8", 1),
    "spiculation": ("bright directions around it", 1),
    "texture": ("HU that a tenth is below", 1),
}


def noise_patch(scan, rng):
    """HU of lung without a nodule: 12 × 12 voxels of one slice, at the scan's own noise."""
    marked = np.any([mask for masks in scan.outlines.values() for mask in masks], 0)
    slices, rows, columns = scan.hu.shape
    for _ in range(500):
        k, j, i = rng.integers(slices), rng.integers(rows - 12), rng.integers(columns // 4, columns - 12)
        patch = scan.hu[k, j : j + 12, i : i + 12]
        near = marked[max(0, k - 4) : k + 5, max(0, j - 12) : j + 24, max(0, i - 12) : i + 24]
        if not near.any() and patch.max() < -500:
            return patch.ravel()
    return np.full(144, LUNG, np.float32)


def read(folder):
    """One row per nodule: truth, measures, the scanner, and a patch of noise."""
    with (folder / "truth.csv").open() as file:
        truth = list(csv.DictReader(file))
    rng = np.random.default_rng(0)
    rows = []
    for patient in sorted({row["patient"] for row in truth}):
        scan = Scan(folder / patient)
        for row in (row for row in truth if row["patient"] == patient):
            masks = scan.outlines[int(row["nodule"])]
            rows.append({**row, **measure(scan, masks), "scanner": scan.model, "noise": noise_patch(scan, rng)})
    return rows


def partial(x, y, others):
    """Spearman's correlation of x and y, with the ranks of others taken out of both."""
    design = np.column_stack([np.ones(len(x)), *(rankdata(other) for other in others)])

    def rest(values):
        ranks = rankdata(values)
        return ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0]

    return np.corrcoef(rest(x), rest(y))[0, 1]


def correlations(rows):
    """Table 1: each attribute against its own measure."""
    found = {}
    print("| attribute | its own measure | rating | true value | true value, other attributes held |")
    print("| --- | --- | ---: | ---: | ---: |")
    truth = {name: np.array([float(row[name]) for row in rows]) for name in ATTRIBUTES}
    # Calcification and internal structure are codes: what counts is whether there is any.
    held = {**truth, "calcification": truth["calcification"] < 6, "internalStructure": truth["internalStructure"] > 1}
    for name in ATTRIBUTES:
        key, sign = OWN[name]
        measured = np.array([row[key] for row in rows])
        ratings = np.array([float(row[f"mean_{name}"]) for row in rows])
        others = [held[other] for other in ATTRIBUTES if other != name]
        found[name] = sign * spearmanr(ratings, measured)[0]
        true = spearmanr(truth[name], measured)[0]
        alone = partial(truth[name], measured, others)
        print(f"| {name} | {key} | {sign * found[name]:.2f} | {true:.2f} | {alone:.2f} |")
    second = [row["surface and volume"] for row in rows]
    print(f"| sphericity | surface and volume | {spearmanr([float(row['mean_sphericity']) for row in rows], second)[0]:.2f} |", end=" ")
    print(f"{spearmanr(truth['sphericity'], second)[0]:.2f} | {partial(truth['sphericity'], second, [held[o] for o in ATTRIBUTES if o != 'sphericity']):.2f} |")

    every = np.ones(len(rows), bool)
    plain = (truth["texture"] > 4) & (truth["calcification"] == 6)
    structure = truth["internalStructure"]
    told = {}
    print("\n| what the measure tells apart | nodules | AUC |\n| --- | ---: | ---: |")

    def tell(name, attribute, is_so, among):
        measured = np.array([row[OWN[attribute][0]] for row in rows])
        told[name] = roc_auc_score(is_so[among], measured[among])
        print(f"| {name} | {is_so[among].sum()} of {among.sum()} | {told[name]:.2f} |")

    tell("any calcium from none", "calcification", truth["calcification"] < 6, every)
    tell("solid nodules (texture above 4) from others", "texture", truth["texture"] > 4, every)
    for group, among in (("in solid nodules without calcium", plain), ("in all nodules", every)):
        for code, name in ((2, "fluid"), (3, "fat"), (4, "air")):
            pair = (structure == 1) | (structure == code)
            tell(f"{name} from soft tissue, {group}", "internalStructure", structure == code, among & pair)
    # A measure that put all nodules in the code's order, however it orders those of one code, would correlate by so much:
    # the mean over such orders, as ties share their mean rank.
    ranks = rankdata(structure)
    ceiling = np.corrcoef(ranks, np.argsort(np.lexsort((np.random.default_rng(0).random(len(rows)), structure))))[0, 1]
    soft = np.mean(structure == 1)
    print(f"\nInternal structure is soft tissue in {soft:.1%} of the nodules: no measure without ties correlates by more than {ceiling:.2f} with it.")
    return found, told


def accuracies(rows):
    """Table 2: five-fold accuracy, no patient on both sides."""
    labels = np.array([row["class"] for row in rows])
    patients = np.array([row["patient"] for row in rows])
    folds = list(StratifiedGroupKFold(5, shuffle=True, random_state=1).split(labels, labels, patients))

    def numbers(names):
        return np.array([[float(row[name]) for name in names] for row in rows])

    def one_hot(name):
        values = sorted({row[name] for row in rows})
        return np.array([[row[name] == value for value in values] for row in rows], float)

    noise = np.stack([row["noise"] for row in rows])
    spectrum = np.abs(np.fft.fft2(noise.reshape(-1, 12, 12) - noise.mean(1)[:, None, None])).reshape(len(rows), -1)
    measures = [key for key in rows[0] if key not in ("noise", "scanner") and isinstance(rows[0][key], float)]
    calcium = numbers(["calcification"]) < 6
    true = np.column_stack([numbers(ATTRIBUTES), calcium])
    rated = np.column_stack([numbers([f"mean_{name}" for name in ATTRIBUTES]), numbers(["mean_calcification"]) < 5.5])
    features = {
        "true attributes": true,
        "mean ratings of the attributes": rated,
        "the measures of table 1": numbers(measures),
        "diameter alone": numbers(["diameter_mm"]),
        "what it touches alone": one_hot("attachment"),
        "scanner alone": one_hot("scanner"),
        "pixel noise alone: HU of lung in the same scan": noise,
        "pixel noise alone: its mean, deviation and spectrum": np.column_stack([noise.mean(1), noise.std(1), spectrum]),
    }
    models = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        "random forest": RandomForestClassifier(300, min_samples_leaf=3, random_state=1, n_jobs=2),
    }
    share = max(np.mean(labels == label) for label in set(labels))
    print(f"\n| features | {' | '.join(models)} |\n| --- | ---: | ---: |")
    print(f"| none: always the most frequent class | {share:.3f} | {share:.3f} |")
    found = {}
    for name, x in features.items():
        found[name] = [np.mean(cross_val_predict(model, x, labels, cv=folds) == labels) for model in models.values()]
        print(f"| {name} | {' | '.join(f'{value:.3f}' for value in found[name])} |", flush=True)
    error = 1.96 * np.sqrt(share * (1 - share) / len(rows))
    print(f"\n{len(rows)} nodules of {len(set(patients))} patients; 95 % of guesses at the majority's rate lie within ± {error:.3f}.")
    return found, share, error


def main():
    rows = read(Path(sys.argv[1]))
    own, told = correlations(rows)
    found, share, error = accuracies(rows)
    print(flush=True)
    # Internal structure is a code with ties for six nodules of seven: it cannot correlate by more than 0.6.
    assert min(own[name] for name in ATTRIBUTES if name != "internalStructure") > 0.4, own
    assert own["internalStructure"] > 0.38, own
    solid = {name: told[f"{name} from soft tissue, in solid nodules without calcium"] for name in ("fluid", "fat", "air")}
    assert solid["fluid"] > 0.7 and min(solid["fat"], solid["air"]) > 0.95, solid
    assert told["any calcium from none"] > 0.95, told
    assert min(found["true attributes"]) > share + 0.25, found
    assert min(found["the measures of table 1"]) > share + 0.1, found
    assert max(value for name, pair in found.items() if "noise" in name for value in pair) < share + 2 * error, found


if __name__ == "__main__":
    main()
