"""Fixtures of packages/phantom: CT slices as pydicom writes them. The package's own writer must make the same bytes.

    python tools/reference/phantom.py        (needs pydicom and numpy)

    python tools/reference/phantom.py FOLDER

reads a whole phantom with pydicom, every warning an error, and checks what its files say against truth.csv, and that
each variant of quirks.json is in its files.
"""

import csv
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_rescale, get_decoder
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

FIXTURES = Path(__file__).parents[2] / "packages/phantom/fixtures"
ROWS, COLUMNS = 6, 5


def pixels():
    """HU over the whole range that is stored, ends included: what the test computes, too."""
    hu = (np.arange(ROWS * COLUMNS) * 997) % 4096 - 1024
    hu[-1] = 3071
    return hu.reshape(ROWS, COLUMNS).astype(np.int16)


# name: bits stored, signed, slope, intercept, padding values of the first row, transfer syntax
VARIANTS = {
    "unsigned-12": (12, False, 1, -1024, None, ExplicitVRLittleEndian),
    "signed-16": (16, True, 1, 0, None, ExplicitVRLittleEndian),
    "signed-12": (12, True, 1, 1024, None, ExplicitVRLittleEndian),
    "half-slope": (16, False, 0.5, -1024, None, ExplicitVRLittleEndian),
    "padded": (16, True, 1, 0, (-2000, -2000), ExplicitVRLittleEndian),
    "padded-range": (16, True, 1, -1024, (-3000, -2900), ExplicitVRLittleEndian),
    "implicit": (16, True, 1, 0, None, ImplicitVRLittleEndian),
    "big-endian": (16, True, 1, 0, None, ExplicitVRBigEndian),
    "rle": (16, True, 1, 0, None, RLELossless),
}


def ct_slice(bits, signed, slope, intercept, padding, syntax):
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = "2.25.1234"
    ds.StudyDate = ds.AcquisitionDate = ds.ContentDate = "20000101"
    ds.StudyTime = ds.AcquisitionTime = ds.ContentTime = "120000"
    ds.AccessionNumber = ""
    ds.Modality = "CT"
    ds.Manufacturer = "CLIP-Lung phantom"
    ds.ReferringPhysicianName = ""
    ds.ManufacturerModelName = "Test"
    ds.PatientName = ds.PatientID = "PHANTOM-0007"
    ds.PatientBirthDate = ds.PatientSex = ""
    ds.SliceThickness = ds.SpacingBetweenSlices = "1.25"
    ds.KVP = "120"
    ds.ConvolutionKernel = "SHARP"
    ds.PatientPosition = "HFS"
    ds.StudyInstanceUID = "2.25.12"
    ds.SeriesInstanceUID = "2.25.123"
    ds.StudyID = "1"
    ds.SeriesNumber = ds.AcquisitionNumber = "1"
    ds.InstanceNumber = "12"
    ds.ImagePositionPatient = ["-10.5", "-20", "-101.25"]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.FrameOfReferenceUID = "2.25.12345"
    ds.PositionReferenceIndicator = ""
    ds.SliceLocation = "-101.25"
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = ROWS, COLUMNS
    ds.PixelSpacing = ["0.625", "0.625"]
    ds.BitsAllocated = 16
    ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelRepresentation = 1 if signed else 0
    stored = ((pixels().astype(int) - intercept) / slope).astype(int)
    if padding:
        low, high = padding
        ds.add_new("PixelPaddingValue", "SS", low)
        if high > low:
            ds.add_new("PixelPaddingRangeLimit", "SS", high)
        stored[0] = low + np.arange(COLUMNS) % (high - low + 1)
    ds.WindowCenter, ds.WindowWidth = "-600", "1500"
    ds.RescaleIntercept, ds.RescaleSlope = str(intercept), str(slope)
    ds.RescaleType = "HU"
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    ds.PixelData = (stored & (2**bits - 1)).astype(f"{order}u2").tobytes()
    ds["PixelData"].VR = "OW"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax == RLELossless else syntax
    meta.ImplementationClassUID = "2.25.195803217418390651216434150211846903041"
    meta.ImplementationVersionName = "CLIP-LUNG"
    ds.file_meta = meta
    if syntax == RLELossless:
        ds.compress(RLELossless, generate_instance_uid=False, encapsulate_ext=False)
        ds["PixelData"].VR = "OB"
    return ds


def write_fixtures():
    FIXTURES.mkdir(exist_ok=True)
    for name, variant in VARIANTS.items():
        path = FIXTURES / f"{name}.dcm"
        ct_slice(*variant).save_as(path, enforce_file_format=True)
        read = pydicom.dcmread(path)
        first = 1 if variant[4] else 0
        assert np.array_equal(apply_rescale(read.pixel_array, read)[first:], pixels()[first:])


# what pydicom must find in the slices of each DICOM quirk
SAYS = {
    "implicit-little-endian": lambda ds: ds.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian,
    "explicit-big-endian": lambda ds: ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian,
    "deflated": lambda ds: ds.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian,
    "rle": lambda ds: ds.file_meta.TransferSyntaxUID == RLELossless,
    "jpeg-lossless": lambda ds: ds.file_meta.TransferSyntaxUID == JPEGLosslessSV1,
    "jpeg-baseline": lambda ds: ds.file_meta.TransferSyntaxUID == JPEGBaseline8Bit and ds.LossyImageCompression == "01",
    "jpeg-ls": lambda ds: ds.file_meta.TransferSyntaxUID == JPEGLSLossless,
    "jpeg-2000": lambda ds: ds.file_meta.TransferSyntaxUID == JPEG2000Lossless,
    "unsigned": lambda ds: ds.PixelRepresentation == 0,
    "signed": lambda ds: ds.PixelRepresentation == 1 and ds.BitsStored == 16,
    "signed-12-bits": lambda ds: ds.PixelRepresentation == 1 and ds.BitsStored == 12,
    "rescale-slope": lambda ds: ds.RescaleSlope == 0.5,
    "padding-value": lambda ds: "PixelPaddingValue" in ds and "PixelPaddingRangeLimit" not in ds,
    "padding-range": lambda ds: ds.PixelPaddingRangeLimit > ds.PixelPaddingValue,
}


def hounsfield(ds):
    """HU, air where the pixels are padding."""
    stored = ds.pixel_array
    hu = apply_rescale(stored, ds)
    if "PixelPaddingValue" in ds:
        low = ds.PixelPaddingValue
        high = ds.get("PixelPaddingRangeLimit", low)
        assert ((stored >= low) & (stored <= high)).any()
        hu[(stored >= low) & (stored <= high)] = -1000
    assert hu.min() >= -1024 and hu.max() <= 3071, (ds.filename, hu.min(), hu.max())
    return hu


def axial_slices(folder):
    """The slices of a patient's scan by height; localisers and other modalities are left out."""
    slices = [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]
    slices = [ds for ds in slices if ds.Modality == "CT" and "AXIAL" in ds.ImageType]
    assert len({ds.SOPInstanceUID for ds in slices}) == len(slices)
    return sorted(slices, key=lambda ds: ds.ImagePositionPatient[2])


def check(folder):
    """Reads every slice; the HU at each solid nodule's centre must be those of tissue or calcium, not of lung."""
    slices = 0
    with (folder / "truth.csv").open() as file:
        truth = list(csv.DictReader(file))
    path = folder / "quirks.json"
    quirks = json.loads(path.read_text())["quirks"] if path.exists() else []
    for patient in sorted(folder.glob("PHANTOM-*")):
        series = axial_slices(patient)
        own = {quirk["quirk"] for quirk in quirks if quirk["patient"] == patient.name}
        for quirk in own & SAYS.keys():
            assert all(SAYS[quirk](ds) for ds in series), (patient.name, quirk)
        syntax = series[0].file_meta.TransferSyntaxUID
        if syntax.is_encapsulated and not get_decoder(syntax).is_available:
            print(f"{patient.name}: pydicom has no decoder for {syntax.name} here (pip install pylibjpeg[all]); headers alone")
            slices += len(series)
            continue
        volume = np.stack([hounsfield(ds) for ds in series])
        heights = np.array([float(ds.ImagePositionPatient[2]) for ds in series])
        origin = np.array(series[0].ImagePositionPatient, float)
        for row in truth:
            if row["patient"] != patient.name or float(row["texture"]) < 4 or row["internalStructure"] == "4":
                continue
            x, y = (round((float(row[f"{axis}_mm"]) - origin[i]) / series[0].PixelSpacing[1 - i]) for i, axis in enumerate("xy"))
            z = np.abs(heights - float(row["z_mm"])).argmin()
            near = volume[z, y - 1 : y + 2, x - 1 : x + 2].mean()
            assert near > -500, (row["patient"], row["nodule"], near)
        slices += len(series)
    print(f"{slices} slices of {folder} read without a warning, {len(quirks)} quirks")


if __name__ == "__main__":
    warnings.simplefilter("error")
    if len(sys.argv) > 1:
        check(Path(sys.argv[1]))
    else:
        write_fixtures()
