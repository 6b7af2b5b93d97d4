"""Are a phantom's compressed files what decoders that others wrote make of them?

    clip-lung phantom QUIRKS --patients 28 --seed 1 --quirks
    clip-lung phantom PLAIN  --patients 28 --seed 1
    python tools/reference/phantom_codecs.py QUIRKS PLAIN

(needs pydicom, numpy, imagecodecs and Pillow; DCMTK's dcmdjpeg, dcmdjpls, dcmdrle and dcmconv, and GDCM's gdcmconv, are
used where they are on the path) reads every DICOM file of QUIRKS, each warning an error, has every decoder at hand decode
its pixels, and compares the HU with those of the same slice in PLAIN, a phantom of the same options without compression:
equal, but for lossy JPEG, which has a bound. It fails where one differs.

    python tools/reference/phantom_codecs.py

makes packages/phantom/fixtures/compressed: one small image in each syntax, written by the built package (needs node),
and compressed.json with the SHA-256 of the pixels that all decoders agree on.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

PACKAGE = Path(__file__).parents[2] / "packages/phantom"
FIXTURES = PACKAGE / "fixtures/compressed"

# Lossy JPEG stores steps of 8 HU, and what it loses is held to that many of them, at any pixel and on the average.
STEP, MOST_STEPS, MEAN_STEPS = 8, 16, 2
# What two inverse cosine transforms may differ by, in steps: the standard asks for no more.
TRANSFORMS_APART = 1


def frame_of(ds):
    return get_frame(ds.PixelData, 0, number_of_frames=1)


def with_tool(*command):
    """Decodes a file by a program that writes it again without compression."""

    def decode(ds):
        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder) / "raw.dcm"
            subprocess.run([*command, ds.filename, raw], check=True, capture_output=True)
            return pydicom.dcmread(raw).pixel_array

    return decode if shutil.which(command[0]) else None


def with_codec(name):
    decode = getattr(imagecodecs, name)
    return lambda ds: decode(frame_of(ds))


def with_pillow(ds):
    """By way of pydicom, which knows that Pillow adds half of the range to signed pixels."""
    return get_decoder(ds.file_meta.TransferSyntaxUID).as_array(ds, decoding_plugin="pillow", raw=True)[0]


def rle(ds):
    return np.frombuffer(imagecodecs.dicomrle_decode(frame_of(ds), "<u2"), "<u2").reshape(ds.Rows, ds.Columns)


GDCM = with_tool("gdcmconv", "--raw")
# Decoders of each syntax that are no part of the project; the JPEGs' own are of different families.
DECODERS = {
    RLELossless: {"pydicom": lambda ds: ds.pixel_array, "imagecodecs": rle, "DCMTK": with_tool("dcmdrle"), "GDCM": GDCM},
    JPEGBaseline8Bit: {"libjpeg-turbo": with_codec("jpeg8_decode"), "Pillow": with_pillow, "DCMTK": with_tool("dcmdjpeg"), "GDCM": GDCM},
    JPEGLosslessSV1: {
        "jpegsof3": with_codec("jpegsof3_decode"),
        "liblj92": with_codec("ljpeg_decode"),
        "DCMTK": with_tool("dcmdjpeg"),
        "GDCM": GDCM,
    },
    JPEGLSLossless: {"CharLS": with_codec("jpegls_decode"), "DCMTK": with_tool("dcmdjpls"), "GDCM": GDCM},
    JPEG2000Lossless: {"OpenJPEG": with_codec("jpeg2k_decode"), "Pillow": with_pillow, "GDCM": GDCM},
    DeflatedExplicitVRLittleEndian: {"pydicom": lambda ds: ds.pixel_array, "DCMTK": with_tool("dcmconv", "+te"), "GDCM": GDCM},
}
UNCOMPRESSED = {"pydicom": lambda ds: ds.pixel_array}


def stored_values(ds, decoded):
    """Stored values as int32 [rows, columns]: decoders differ in whether they know of the sign."""
    assert decoded.shape == (ds.Rows, ds.Columns), decoded.shape
    bits = ds.BitsStored
    values = decoded.astype(np.int32) & (2**bits - 1)
    return np.where(values >> (bits - 1), values - 2**bits, values) if ds.PixelRepresentation else values


def decoded_by(ds):
    """Stored values by each decoder at hand; those of one syntax must agree."""
    decoders = DECODERS.get(ds.file_meta.TransferSyntaxUID, UNCOMPRESSED)
    found = {name: stored_values(ds, decode(ds)) for name, decode in decoders.items() if decode}
    first = next(iter(found.values()))
    allowed = TRANSFORMS_APART if ds.file_meta.TransferSyntaxUID == JPEGBaseline8Bit else 0
    for name, values in found.items():
        assert np.abs(values - first).max() <= allowed, f"{ds.filename}: {name} decodes it to other pixels"
    return found


def check_file(ds, stored, hu):
    """Compares with the true HU. @returns the largest and the mean error in steps of lossy JPEG, 0 for all else"""
    slope, intercept = float(ds.RescaleSlope), float(ds.RescaleIntercept)
    if ds.file_meta.TransferSyntaxUID == JPEGBaseline8Bit:
        assert (slope, ds.LossyImageCompression) == (STEP, "01")
        steps = np.minimum(np.floor((hu - intercept) / STEP + 0.5), 255)
        error = np.abs(stored - steps)
        assert error.max() <= MOST_STEPS and error.mean() <= MEAN_STEPS, f"{ds.filename}: {error.max()} and {error.mean():.2f} steps from the truth"
        return error.max(), error.mean()
    measured = np.ones(stored.shape, bool)
    if "PixelPaddingValue" in ds:
        low = ds.PixelPaddingValue
        measured = (stored < low) | (stored > ds.get("PixelPaddingRangeLimit", low))
        row, column = np.nonzero(~measured)
        away = np.hypot(row - (ds.Rows - 1) / 2, column - (ds.Columns - 1) / 2)
        assert len(away) and away.min() > ds.Columns / 2, f"{ds.filename}: padding within the field of view"
    assert np.array_equal((slope * stored + intercept)[measured], hu[measured]), f"{ds.filename}: other HU than the truth"
    return 0, 0


def read_strictly(path):
    """Reads a file and every value in it."""
    ds = pydicom.dcmread(path)
    for element in ds.iterall():
        str(element.value)
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    return ds


class Truth:
    """The HU that each file of a phantom with quirks shows, from the same phantom without."""

    def __init__(self, quirks, plain):
        self.slices = {}
        self.series = defaultdict(list)
        for path in sorted(plain.rglob("*.dcm")):
            ds = pydicom.dcmread(path)
            hu = ds.pixel_array.astype(np.int32) * int(ds.RescaleSlope) + int(ds.RescaleIntercept)
            self.slices[ds.SOPInstanceUID] = hu
            self.series[ds.PatientID].append((float(ds.ImagePositionPatient[2]), int(ds.InstanceNumber), hu))
        for series in self.series.values():
            series.sort(key=lambda one: one[0])
        self.displaced = {file for one in quirks if one["quirk"] == "uneven-spacing" for file in one["files"]}

    def of(self, ds, name):
        series = self.series[ds.PatientID]
        if name in self.displaced:
            hu = self.slices[ds.SOPInstanceUID]
            above = next(k for k, one in enumerate(series) if one[2] is hu) + 1
            return np.floor(hu + (series[above][2] - hu) * 0.3 + 0.5)
        if ds.SOPInstanceUID in self.slices:
            return self.slices[ds.SOPInstanceUID]
        if "AXIAL" in ds.ImageType:  # a slice that is there twice
            return next(hu for z, _, hu in series if z == float(ds.ImagePositionPatient[2]))
        return next(hu for _, instance, hu in series if instance == 1)


def check_phantom(folder, plain):
    truth = Truth(json.loads((folder / "quirks.json").read_text())["quirks"], plain)
    table = defaultdict(lambda: defaultdict(list))
    others = 0
    for path in sorted(folder.rglob("*.dcm")):
        ds = read_strictly(path)
        if ds.Modality != "CT":
            others += 1
            continue
        hu = truth.of(ds, path.relative_to(folder).as_posix())
        for name, stored in decoded_by(ds).items():
            table[ds.file_meta.TransferSyntaxUID.name][name].append(check_file(ds, stored, hu))
    print("| transfer syntax | decoder | files | HU |\n| --- | --- | ---: | --- |")
    for syntax, decoders in sorted(table.items()):
        for name, errors in decoders.items():
            most, mean = np.max(errors, axis=0)
            says = f"at most {most * STEP:.0f} HU from steps of {STEP}, {mean * STEP:.1f} on the average of the worst slice" if most else "equal"
            print(f"| {syntax} | {name} | {len(errors)} | {says} |")
    print(f"\n{sum(len(next(iter(d.values()))) for d in table.values())} CT images and {others} others read without a warning by pydicom {pydicom.__version__}")


# name of a fixture: names in transferSyntaxes and storages of the package
VARIANTS = {
    "deflated": ("deflated", "signed16"),
    "rle-unsigned": ("rleLossless", "unsigned12"),
    "rle-signed": ("rleLossless", "signed16"),
    "jpeg-lossless-unsigned": ("jpegLossless", "unsigned12"),
    "jpeg-lossless-signed": ("jpegLossless", "signed16"),
    "jpeg-ls-unsigned": ("jpegLs", "unsigned12"),
    "jpeg-ls-signed": ("jpegLs", "signed16"),
    "jpeg-2000-unsigned": ("jpeg2000", "unsigned12"),
    "jpeg-2000-signed": ("jpeg2000", "signed16"),
    "jpeg-baseline": ("jpegBaseline", "unsigned8"),
}
ROWS, COLUMNS = 36, 33

WRITE = """
import { writeFileSync } from 'node:fs';
import { encodeCtSlice } from './dist/dicom/ct-slice.js';
import { storages } from './dist/dicom/storage.js';
import { transferSyntaxes } from './dist/dicom/transfer-syntax.js';
const { variants, hu, rows, columns, folder } = JSON.parse(process.argv[1]);
for (const [name, [syntax, storage]] of Object.entries(variants)) {
  const bytes = await encodeCtSlice({
    patientId: 'PHANTOM-0007', studyUid: '2.25.12', seriesUid: '2.25.123', frameUid: '2.25.12345', sopUid: '2.25.1234',
    scanner: { model: 'Test', kernel: 'SHARP', sliceThickness: 1.25 }, pixelSpacing: 0.625,
    instance: 12, position: [-10.5, -20, -101.25], rows, columns, hu: Int16Array.from(hu),
    syntax: transferSyntaxes[syntax], storage: storages[storage],
  });
  writeFileSync(`${folder}/${name}.dcm`, bytes);
}
"""


def small_image():
    """HU over the whole range that is stored: a slope, noise, and flat parts with jumps. The test computes them, too."""
    i = np.arange(ROWS * COLUMNS)
    row, column = i // COLUMNS, i % COLUMNS
    slope = -900 + 20 * column + 8 * row
    noise = (i * i * 31 + i * 997) % 4096 - 1024
    flat = np.where((column // 8) % 2 == 0, -1024, 3071)
    return np.select([row < 16, row < 26], [slope, noise], flat).reshape(ROWS, COLUMNS)


def write_fixtures():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    hu = small_image()
    task = {"variants": VARIANTS, "hu": hu.ravel().tolist(), "rows": ROWS, "columns": COLUMNS, "folder": str(FIXTURES)}
    subprocess.run(["node", "--input-type=module", "-e", WRITE, json.dumps(task)], cwd=PACKAGE, check=True)
    found = {}
    for name in VARIANTS:
        ds = read_strictly(FIXTURES / f"{name}.dcm")
        decoded = decoded_by(ds)
        for stored in decoded.values():
            if ds.file_meta.TransferSyntaxUID != JPEGBaseline8Bit:  # which noise alone is no image for
                check_file(ds, stored, hu)
        values = next(iter(decoded.values())) * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
        found[name] = {"decoders": list(decoded), "sha256": hashlib.sha256(values.astype("<i2").tobytes()).hexdigest()}
    (FIXTURES.parent / "compressed.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("error")
    pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
    if len(sys.argv) > 1:
        check_phantom(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        write_fixtures()
