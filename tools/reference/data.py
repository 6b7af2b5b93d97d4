"""Fixtures of packages/data: what pydicom, numpy and scipy make of the same files.

    python tools/reference/data.py ../shared/dicom

Needs numpy, scipy and pydicom, and to encode and decode what pydicom alone cannot, DCMTK (dcmcjpeg, dcmcjpls, dcmcrle,
dcmdjpeg, dcmdjpls) and GDCM's gdcmconv on the path. Writes packages/data/fixtures:

pixels.json      header values and SHA-256 of the pixels (stored values, int32) of real files, which are not copied
formats/*.dcm    tiny slices in every pixel format that is read, and formats.json with their HU
compressed/*.dcm a slice in every compressed transfer syntax, whole and in fragments, and compressed.json with the SHA-256
                 of their pixels
lossless/*.dcm   noise in lossless JPEG: every predictor for 8, 12 and 16 bits, point transforms, restart markers; and
                 lossless.json with the SHA-256 of the pixels that DCMTK decodes
cube.npy         a cube of bytes, and resampled.npy: what scipy makes of it at 32^3
scan/            a made-up scan of three nodules by four readers, as DICOM and LIDC XML, with scan.json and
                 crops.npy: the nodules and crops that numpy and scipy make of it
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    RLELossless,
)
from scipy import ndimage
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

FIXTURES = Path(__file__).parents[2] / "packages" / "data" / "fixtures"
ROOT_UID = "1.2.826.0.1.3680043.8.498.1"
AIR = -1000


def stored_values(path):
    """The stored values of a file as int32. pydicom decodes no JPEG by itself: DCMTK or GDCM decompresses that first."""
    ds = pydicom.dcmread(path)
    syntax = ds.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated or syntax == RLELossless:
        return ds.pixel_array.astype("<i4")
    tool = ["gdcmconv", "--raw"] if syntax in JPEG2000TransferSyntaxes else \
        ["dcmdjpls"] if syntax in JPEGLSTransferSyntaxes else ["dcmdjpeg"]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.dcm"
        subprocess.run([*tool, path, raw], check=True)
        return pydicom.dcmread(raw).pixel_array.astype("<i4")


def sha256(stored):
    return hashlib.sha256(stored.tobytes()).hexdigest()


def real_pixels(folder):
    """Real files: every one of the folder."""
    found = {}
    for path in sorted(folder.glob("*.dcm")):
        ds = pydicom.dcmread(path)
        stored = stored_values(path)
        found[path.name] = {
            "syntax": str(ds.file_meta.TransferSyntaxUID),
            "sopUid": str(ds.SOPInstanceUID),
            "seriesUid": str(ds.SeriesInstanceUID),
            "modality": ds.Modality,
            "manufacturer": ds.get("Manufacturer") or None,
            "patientId": ds.get("PatientID") or None,
            "rows": ds.Rows,
            "columns": ds.Columns,
            "position": [float(v) for v in ds.get("ImagePositionPatient", [])] or None,
            "pixelSpacing": [float(v) for v in ds.get("PixelSpacing", [])] or None,
            "sliceThickness": float(ds.SliceThickness) if "SliceThickness" in ds else None,
            "frames": int(ds.get("NumberOfFrames", 1)),
            "sha256": sha256(stored),
        }
    return found


def write_slice(path, stored, *, syntax=ExplicitVRLittleEndian, bits=16, high=None, slope=1, intercept=-1024,
                padding=None, padding_vr=None, limit=None, pixel_vr=None, position=(0, 0, 0), spacing=(1, 1), thickness=1, sop="1", series="1", patient="P1"):
    """Writes one CT slice. `stored` holds the bits exactly as they are to lie in the file."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"{ROOT_UID}.{sop}"
    ds = Dataset()
    ds.file_meta = meta
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = f"{ROOT_UID}.{sop}"
    ds.StudyInstanceUID = f"{ROOT_UID}.0"
    ds.SeriesInstanceUID = f"{ROOT_UID}.{series}"
    ds.Modality = "CT"
    ds.Manufacturer = "made up"
    ds.PatientID = patient
    ds.SliceThickness = thickness
    ds.ImagePositionPatient = list(position)
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing = list(spacing)
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated = stored.dtype.itemsize * 8
    ds.BitsStored = bits
    ds.HighBit = bits - 1 if high is None else high
    ds.PixelRepresentation = 1 if stored.dtype.kind == "i" else 0
    ds.RescaleSlope = slope
    ds.RescaleIntercept = intercept
    if padding is not None:
        ds.add_new(0x00280120, padding_vr or ("SS" if stored.dtype.kind == "i" else "US"), padding)
    if limit is not None:
        ds.add_new(0x00280121, padding_vr or ("SS" if stored.dtype.kind == "i" else "US"), limit)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    data = stored.astype(stored.dtype.newbyteorder(order)).tobytes()
    data += b"\0" * (len(data) % 2)
    pixel_vr = pixel_vr or ("OB" if stored.dtype.itemsize == 1 else "OW")
    if stored.dtype.itemsize == 1 and pixel_vr == "OW" and order == ">":
        data = np.frombuffer(data, "<u2").astype(">u2").tobytes()
    ds.add_new(0x7FE00010, pixel_vr, data)
    pydicom.dcmwrite(path, ds, enforce_file_format=True)


def formats(folder):
    """One tiny slice per pixel format, with its HU."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(1)
    signed16 = random.integers(-2000, 3000, (5, 7)).astype(np.int16)
    expected = {}

    def case(name, stored, values, **options):
        path = folder / f"{name}.dcm"
        write_slice(path, stored, **{key: value for key, value in options.items() if key != "padded"})
        if "high" not in options and options.get("bits", 16) in (8, 16):
            assert (pydicom.dcmread(path).pixel_array == values).all(), name
        slope, intercept = options.get("slope", 1), options.get("intercept", -1024)
        hu = values.astype(np.float64) * slope + intercept
        padded = options.get("padded", [] if options.get("padding") is None else [options["padding"]])
        hu[np.isin(values, padded)] = AIR
        expected[name] = [float(v) for v in hu.ravel()]

    for name, syntax in [("implicit", ImplicitVRLittleEndian), ("explicit", ExplicitVRLittleEndian),
                         ("big-endian", ExplicitVRBigEndian), ("deflated", DeflatedExplicitVRLittleEndian)]:
        case(name, signed16, signed16, syntax=syntax)
    padded = signed16.copy()
    padded[0, :3] = -2000
    case("padding", padded, padded, padding=-2000)
    unsigned = random.integers(0, 65536, (4, 6)).astype(np.uint16)
    case("unsigned", unsigned, unsigned, slope=0.5, intercept=-1000)
    # 12 bits in the low bits, with other bits above them that mean nothing.
    values = random.integers(-2048, 2048, (4, 6))
    junk = random.integers(0, 16, (4, 6)) << 12
    case("signed-12", ((values & 0xFFF) | junk).astype(np.uint16).view(np.int16), values, bits=12)
    values = random.integers(0, 4096, (4, 6))
    case("unsigned-12", (values | junk).astype(np.uint16), values, bits=12)
    # 12 bits in the high bits.
    case("high-bit", ((values << 4) | (junk >> 12)).astype(np.uint16), values, bits=12, high=15)
    values = random.integers(0, 256, (3, 5)).astype(np.uint8)
    case("bytes", values, values, bits=8, slope=2)
    # 8 bits in words of 16: in big-endian files, the two pixels of a word are swapped. Rows of an odd number of them.
    values = random.integers(0, 256, (4, 5)).astype(np.uint8)
    case("bytes-words", values, values, bits=8, slope=2, pixel_vr="OW")
    case("bytes-words-big-endian", values, values, bits=8, slope=2, pixel_vr="OW", syntax=ExplicitVRBigEndian)
    case("bytes-big-endian", values, values, bits=8, slope=2, syntax=ExplicitVRBigEndian)
    # Padding that is written with another sign, or more bits, than the pixels have.
    padded = signed16.copy()
    padded[1, 1:4] = -2000
    case("padding-unsigned-vr", padded, padded, padding=-2000 & 0xFFFF, padding_vr="US", padded=[-2000])
    unsigned[1, 1:4] = 0xF830
    case("padding-signed-vr", unsigned, unsigned, padding=-2000, padding_vr="SS", padded=[0xF830])
    values = random.integers(-1900, 2048, (4, 6))
    values[2, 2:5] = -2000
    stored = (values & 0xFFF).astype(np.uint16)
    case("padding-12-signed", stored.view(np.int16), values, bits=12, padding=-2000, padded=[-2000])
    case("padding-12-signed-unsigned-vr", stored.view(np.int16), values, bits=12, padding=-2000 & 0xFFF, padding_vr="US",
         padded=[-2000])
    values = random.integers(0, 2000, (4, 6)).astype(np.uint16)
    values[2, 2:5] = 0xF830
    case("padding-12-unsigned-signed-vr", values, values & 0xFFF, bits=12, padding=-2000, padding_vr="SS",
         padded=[0xF830 & 0xFFF])
    values = random.integers(-1900, 2048, (4, 6)).astype(np.int16)
    values[2, 2:5] = [-2000, -1990, -1980]
    case("padding-range-unsigned-vr", values, values, padding=-2000 & 0xFFFF, limit=-1980 & 0xFFFF, padding_vr="US",
         padded=[-2000, -1990, -1980])
    return expected


def lossless_jpeg(pixels, precision, predictor, restart_rows):
    """One image in lossless JPEG with restart markers, which DCMTK reads, and cannot write (ITU-T T.81, Annex H)."""
    rows, columns = pixels.shape
    x = pixels.astype(int)
    segments, bits = [], []
    for y in range(rows):
        if y > 0 and y % restart_rows == 0:
            segments.append(bits)
            bits = []
        first = y % restart_rows == 0
        for i in range(columns):
            a = x[y, i - 1] if i else None
            b = None if first else x[y - 1, i]
            c = x[y - 1, i - 1] if i and not first else None
            if first:
                expected = 2 ** (precision - 1) if a is None else a
            elif a is None:
                expected = b
            else:
                expected = [a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1][predictor - 1]
            difference = (int(x[y, i] - expected) + 0x7FFF & 0xFFFF) - 0x7FFF
            size = abs(difference).bit_length()
            bits.append(f"{size:05b}")
            if 0 < size < 16:
                bits.append(f"{difference if difference > 0 else difference + 2 ** size - 1:0{size}b}")
    segments.append(bits)
    counts = bytes([0, 0, 0, 0, 17] + [0] * 11)
    marker = lambda code, body: bytes([0xFF, code]) + (len(body) + 2).to_bytes(2, "big") + body
    head = b"\xff\xd8" + marker(0xC3, bytes([precision, *rows.to_bytes(2, "big"), *columns.to_bytes(2, "big"), 1, 1, 0x11, 0]))
    head += marker(0xC4, b"\0" + counts + bytes(range(17))) + marker(0xDD, (restart_rows * columns).to_bytes(2, "big"))
    head += marker(0xDA, bytes([1, 1, 0, predictor, 0, 0]))
    body = b""
    for number, segment in enumerate(segments):
        text = "".join(segment)
        text += "1" * (-len(text) % 8)
        coded = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
        body += (bytes([0xFF, 0xD0 + (number - 1) % 8]) if number else b"") + coded
    return head + body + b"\xff\xd9"


def lossless(folder):
    """Noise over the whole range, so that sums and differences overflow and are odd, in every kind of lossless JPEG."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(5)
    shape = (23, 19)
    noise = {
        "byte": (random.integers(0, 2 ** 8, shape).astype(np.uint8), 8),
        "unsigned-12": (random.integers(0, 2 ** 12, shape).astype(np.uint16), 12),
        "unsigned-16": (random.integers(0, 2 ** 16, shape).astype(np.uint16), 16),
        "signed-16": (random.integers(-2 ** 15, 2 ** 15, shape).astype(np.int16), 16),
    }
    expected = {}
    with tempfile.TemporaryDirectory() as temporary:
        for kind, (stored, bits) in noise.items():
            plain = Path(temporary) / f"{kind}.dcm"
            write_slice(plain, stored, bits=bits)
            for predictor in range(1, 8):
                path = folder / f"{kind}-{predictor}.dcm"
                subprocess.run(["dcmcjpeg", "+el", "+sv", str(predictor), plain, path], check=True)
                expected[path.stem] = sha256(stored_values(path))
                assert expected[path.stem] == sha256(stored.astype("<i4")), path
            if kind == "byte":
                continue
            for shift in (1, 3):
                path = folder / f"{kind}-shifted-{shift}.dcm"
                subprocess.run(["dcmcjpeg", "+el", "+sv", "6", "+pt", str(shift), plain, path], check=True)
                expected[path.stem] = sha256(stored_values(path))
            path = folder / f"{kind}-restart.dcm"
            ds = pydicom.dcmread(folder / f"{kind}-1.dcm")
            coded = lossless_jpeg(stored.view(np.uint16), bits, {"unsigned-12": 4, "unsigned-16": 7, "signed-16": 5}[kind], 2)
            ds.PixelData = encapsulate([coded])
            ds.save_as(path)
            expected[path.stem] = sha256(stored_values(path))
            assert expected[path.stem] == sha256(stored.astype("<i4")), path
    return expected


def compressed(folder):
    """A slice of 40 rows and 36 columns in every compressed syntax, and one of two frames in fragments."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(3)
    smooth = ndimage.gaussian_filter(random.normal(0, 1, (40, 36)), 2)
    signed = np.rint(smooth / np.abs(smooth).max() * 900 - 100).astype(np.int16)
    unsigned = (signed + 1100).astype(np.uint16)
    byte = np.rint((signed + 1100) / 8).astype(np.uint8)
    expected = {}
    with tempfile.TemporaryDirectory() as temporary:
        plain = {name: Path(temporary) / f"{name}.dcm" for name in ("signed", "unsigned", "byte")}
        write_slice(plain["signed"], signed)
        write_slice(plain["unsigned"], unsigned, bits=12, intercept=-1100)
        write_slice(plain["byte"], byte, bits=8)
        for name, source, tool in [
            ("rle-signed", "signed", ["dcmcrle"]),
            ("rle-byte", "byte", ["dcmcrle"]),
            ("jpeg-baseline", "byte", ["dcmcjpeg", "+eb"]),
            ("jpeg-extended-8", "byte", ["dcmcjpeg", "+ee"]),
            ("jpeg-extended-12", "unsigned", ["dcmcjpeg", "+ee"]),
            ("jpeg-lossless", "signed", ["dcmcjpeg", "+el"]),
            ("jpeg-lossless-first-order", "unsigned", ["dcmcjpeg", "+e1"]),
            ("jpeg-lossless-byte", "byte", ["dcmcjpeg", "+e1"]),
            ("jpeg-ls", "signed", ["dcmcjpls", "+el"]),
            ("jpeg-ls-unsigned", "unsigned", ["dcmcjpls", "+el"]),
            ("jpeg-ls-near", "unsigned", ["dcmcjpls", "+en", "+md", "3"]),
            ("jpeg-2000", "signed", ["gdcmconv", "--j2k"]),
            ("jpeg-2000-unsigned", "unsigned", ["gdcmconv", "--j2k"]),
            ("jpeg-2000-lossy", "unsigned", ["gdcmconv", "--j2k", "--lossy", "-q", "60"]),
        ]:
            path = folder / f"{name}.dcm"
            subprocess.run([*tool, plain[source], path], check=True)
            expected[name] = sha256(stored_values(path))
    # Lossy JPEG 2000 is computed in floating point: its values are compared one by one.
    np.save(FIXTURES / "jpeg-2000-lossy.npy", stored_values(folder / "jpeg-2000-lossy.dcm"))
    for name in ("rle-signed", "jpeg-lossless", "jpeg-ls", "jpeg-2000"):
        for table in (True, False):
            ds = pydicom.dcmread(folder / f"{name}.dcm")
            [frame] = generate_frames(ds.PixelData, number_of_frames=1)
            ds.PixelData = encapsulate([frame], fragments_per_frame=3, has_bot=table)
            other = f"{name}-fragments-{'table' if table else 'no-table'}"
            ds.save_as(folder / f"{other}.dcm")
            expected[other] = expected[name]
            if name == "jpeg-ls":
                # Two frames, each in three fragments: only a table or the markers tell where the second begins.
                ds.NumberOfFrames = 2
                ds.PixelData = encapsulate([frame, frame], fragments_per_frame=3, has_bot=table)
                other = f"two-frames-{'table' if table else 'no-table'}"
                ds.save_as(folder / f"{other}.dcm")
                twice = np.stack([stored_values(folder / f"{name}.dcm")] * 2)
                expected[other] = sha256(twice)
    return expected


# The made-up scan: unequal spacings, so that no two axes can be mixed up.
COLUMNS, ROWS, SLICES = 40, 36, 14
ROW_SPACING, COLUMN_SPACING, SLICE_SPACING, THICKNESS = 0.75, 0.5, 2.0, 2.5
ORIGIN = np.array([-10.0, -20.0, -150.0])


def outline(mask):
    """The 8-connected ring of voxels just outside of a convex mask, in order around its middle."""
    ring = ndimage.binary_dilation(mask) & ~mask
    rows, columns = np.nonzero(ring)
    angle = np.arctan2(rows - rows.mean(), columns - columns.mean())
    order = np.argsort(angle)
    points = [(int(columns[i]), int(rows[i])) for i in order]
    return points + points[:1]


def ball(column, row, slice_, radius):
    """Outlines of a ball, by slice; centre in voxels, radius in mm."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    found = {}
    for k in range(SLICES):
        distance = np.sqrt(((x - column) * COLUMN_SPACING) ** 2 + ((y - row) * ROW_SPACING) ** 2
                           + ((k - slice_) * SLICE_SPACING) ** 2)
        if (distance < radius).any():
            found[k] = outline(distance < radius)
    return found


RATINGS = ["subtlety", "internalStructure", "calcification", "sphericity", "margin", "lobulation", "spiculation",
           "texture", "malignancy"]


def annotations():
    """(reader, outlines by slice, holes by slice, ratings)"""
    first = [ball(12.0 + dx, 14.0, 6.0, 5.0) for dx in (0, 0.5, 1, 1)]
    hole = {6: outline(np.hypot(*(np.mgrid[:ROWS, :COLUMNS] - np.array([14, 12])[:, None, None])) < 1.5)}
    second = [ball(30.0, 25.0, 9.0, r) for r in (3.0, 3.5)]
    third = [ball(5.0, 30.0, 2.0, 2.0)]
    found = []
    for reader, shape in enumerate(first):
        found.append((reader, shape, hole if reader == 1 else {}, [4, 1, 6, 4, 4, 2, 2 + reader % 2, 5, 4 + reader % 2]))
    for reader, shape in enumerate(second):
        found.append((reader, shape, {}, [3, 1, 6, 3, 3, 1, 1, 4, 2 + reader]))
    for shape in third:
        found.append((3, shape, {}, [2, 1, 3, 5, 5, 1, 1, 5, 1]))
    return found


def xml(found):
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<LidcReadMessage uid="1.2.3" xmlns="http://www.nih.gov">',
             " <ResponseHeader>", f"  <SeriesInstanceUid>{ROOT_UID}.7</SeriesInstanceUid>", " </ResponseHeader>"]
    for reader in range(4):
        lines.append(" <readingSession>")
        for number, (own, shape, holes, ratings) in enumerate(found):
            if own != reader:
                continue
            lines += ["  <unblindedReadNodule>", f"   <noduleID>{number}</noduleID>", "   <characteristics>"]
            lines += [f"    <{name}>{value}</{name}>" for name, value in zip(RATINGS, ratings)]
            lines.append("   </characteristics>")
            for inclusion, regions in (("TRUE", shape), ("FALSE", holes)):
                for k, points in regions.items():
                    z = ORIGIN[2] + k * SLICE_SPACING
                    lines += ["   <roi>", f"    <imageZposition>{z}</imageZposition>",
                              f"    <imageSOP_UID>{ROOT_UID}.7.{k + 1}</imageSOP_UID>",
                              f"    <inclusion>{inclusion}</inclusion>"]
                    lines += [f"    <edgeMap><xCoord>{x}</xCoord><yCoord>{y}</yCoord></edgeMap>" for x, y in points]
                    lines.append("   </roi>")
            lines.append("  </unblindedReadNodule>")
        lines.append(" </readingSession>")
    return "\n".join(lines + ["</LidcReadMessage>", ""])


def enclosed(points):
    """What a closed ring encloses: what a flood from outside does not reach."""
    ring = np.zeros((ROWS + 2, COLUMNS + 2), bool)
    for x, y in points:
        ring[y + 1, x + 1] = True
    areas, _ = ndimage.label(~ring)
    inside = ~ring & (areas != areas[0, 0])
    return inside[1:-1, 1:-1], ring[1:-1, 1:-1]


def mask_of(shape, holes):
    mask = np.zeros((SLICES, ROWS, COLUMNS), bool)
    for k, points in shape.items():
        mask[k] |= enclosed(points)[0]
    for k, points in holes.items():
        inside, ring = enclosed(points)
        mask[k] &= ~(inside | ring)
    return mask


def scan(folder):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(2)
    volume = ndimage.gaussian_filter(random.normal(0, 1, (SLICES, ROWS, COLUMNS)), 1.5)
    volume = np.rint(volume * 2000 - 600).astype(np.int16)
    stored = (volume + 1024).astype(np.int16)
    for k in range(SLICES):
        # The order of the names is not that of the positions.
        write_slice(folder / f"{(k * 5) % SLICES:02}.dcm", stored[k], position=ORIGIN + [0, 0, k * SLICE_SPACING],
                    spacing=(ROW_SPACING, COLUMN_SPACING), thickness=THICKNESS, sop=f"7.{k + 1}", series="7",
                    patient="MADE-UP-1")
    found = annotations()
    (folder / "scan.xml").write_text(xml(found))
    # In the order of the file: reader by reader.
    found.sort(key=lambda item: item[0])

    points = [np.array([(x, y, k) for part in (shape, holes) for k, list_ in part.items() for x, y in list_])
              for _, shape, holes, _ in found]
    near = np.array([[cdist(a, b).min() <= THICKNESS for b in points] for a in points])
    count, groups = connected_components(near, directed=False)
    nodules, crops = [], []
    for group in range(count):
        members = [i for i in range(len(found)) if groups[i] == group]
        masks = np.array([mask_of(found[i][1], found[i][2]) for i in members])
        mask = masks.mean(axis=0) >= 0.5
        k, row, column = (float(v.mean()) for v in np.nonzero(mask))
        size = float(mask.sum() * ROW_SPACING * COLUMN_SPACING * SLICE_SPACING)
        diameter = (6 * size / np.pi) ** (1 / 3)
        means = np.mean([found[i][3] for i in members], axis=0)
        nodules.append({
            "members": members, "column": column, "row": row, "slice": k, "volume": size, "diameter": diameter,
            "centre": [float(v) for v in ORIGIN + np.array([column * COLUMN_SPACING, row * ROW_SPACING, k * SLICE_SPACING])],
            "readers": len(members), "ratings": dict(zip(RATINGS, (float(v) for v in means))),
        })
        offset = ((np.arange(32) + 0.5) / 32 - 0.5) * 2 * diameter
        grid = np.meshgrid(k + offset / SLICE_SPACING, row + offset / ROW_SPACING, column + offset / COLUMN_SPACING,
                           indexing="ij")
        values = ndimage.map_coordinates(volume.astype(np.float64), grid, order=1, mode="grid-constant", cval=AIR)
        crops.append(values.astype(np.float32))
    return {"patient": "MADE-UP-1", "nodules": nodules}, np.array(crops)


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    write = lambda name, value: (FIXTURES / name).write_text(json.dumps(value, indent=1) + "\n")
    write("pixels.json", real_pixels(Path(sys.argv[1])))
    write("formats.json", formats(FIXTURES / "formats"))
    write("compressed.json", compressed(FIXTURES / "compressed"))
    write("lossless.json", lossless(FIXTURES / "lossless"))
    cube = np.random.default_rng(4).integers(0, 256, (28, 28, 28)).astype(np.uint8)
    at = (np.arange(32) + 0.5) * 28 / 32 - 0.5
    grid = np.meshgrid(at, at, at, indexing="ij")
    np.save(FIXTURES / "cube.npy", cube)
    np.save(FIXTURES / "resampled.npy",
            ndimage.map_coordinates(cube.astype(np.float64), grid, order=1, mode="nearest").astype(np.float32))
    expected, crops = scan(FIXTURES / "scan")
    write("scan.json", expected)
    np.save(FIXTURES / "crops.npy", crops)


if __name__ == "__main__":
    main()
