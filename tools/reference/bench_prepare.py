"""The peer of `npm run bench -- prepare`: crops of 32^3 around given places, from whole series, as pipelines in Python
usually make them: pydicom reads every slice of a scan into a volume of HU, scipy samples it.

    python tools/reference/bench_prepare.py <lidc folder> <nodules.csv of the dataset> <crops.npy to write>

Prints one line of JSON: seconds, CPU seconds, bytes read, peak memory. It is spared the annotations: it is told where the
nodules are and how large, which `prepare` finds out by itself.
"""

import csv
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pydicom
from scipy import ndimage

AIR = -1000


def series_of(folder):
    """The volume of a folder with one series, HU as float32 [slices, rows, columns], and its geometry."""
    slices = [pydicom.dcmread(path) for path in folder.glob("*.dcm")]
    slices.sort(key=lambda ds: float(ds.ImagePositionPatient[2]))
    volume = np.stack([ds.pixel_array.astype(np.float32) * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
                       for ds in slices])
    row, column = (float(v) for v in slices[0].PixelSpacing)
    origin = np.array([float(v) for v in slices[0].ImagePositionPatient])
    step = float(slices[1].ImagePositionPatient[2]) - origin[2]
    return slices[0].SeriesInstanceUID, volume, origin, np.array([column, row, step])


def crop(volume, origin, spacing, nodule):
    centre = np.array([float(nodule[axis]) for axis in "xyz"])
    offset = ((np.arange(32) + 0.5) / 32 - 0.5) * 2 * float(nodule["diameter"])
    x, y, z = ((centre[i] - origin[i] + offset) / spacing[i] for i in range(3))
    grid = np.meshgrid(z, y, x, indexing="ij")
    values = ndimage.map_coordinates(volume, grid, order=1, mode="grid-constant", cval=AIR)
    return np.rint(values).astype(np.int16)


def main():
    lidc, table, out = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    start = time.perf_counter()
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    crops = np.zeros((len(rows), 32, 32, 32), np.int16)
    folders = sorted(path for path in lidc.iterdir() if path.is_dir())
    for folder in folders:
        uid, volume, origin, spacing = series_of(folder)
        for i, row in enumerate(rows):
            if row["scan"] == uid:
                crops[i] = crop(volume, origin, spacing, row)
    np.save(out, crops)
    seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    try:
        read = int(Path("/proc/self/io").read_text().split()[1])
    except OSError:
        read = None
    print(json.dumps({"seconds": seconds, "cpuSeconds": usage.ru_utime + usage.ru_stime, "scans": len(folders),
                      "readBytes": read, "peakMegabytes": usage.ru_maxrss / 1024, "crops": out}))


if __name__ == "__main__":
    main()
