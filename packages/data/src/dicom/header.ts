import { DicomError } from '../errors.js';
import { Elements } from './elements.js';
import { type DicomBytes, parseElements, type ParseOptions } from './parse.js';
import { type PixelFormat, pixelFormatOf } from './pixel-format.js';
import type { TransferSyntax } from './transfer-syntax.js';

/** What the header of a file with one image says. Lengths are in mm, in DICOM's patient coordinates. */
export interface SliceHeader {
  readonly file: string;
  readonly syntax: TransferSyntax;
  readonly sopUid: string;
  readonly seriesUid: string;
  readonly studyUid: string | null;
  readonly patientId: string | null;
  readonly modality: string | null;
  readonly manufacturer: string | null;
  /** Image Position (Patient): the centre of the first voxel, [x, y, z] */
  readonly position: readonly number[] | null;
  /** Image Orientation (Patient): the directions of rising column and of rising row, [6] */
  readonly orientation: readonly number[] | null;
  /** Pixel Spacing: [between rows, between columns] */
  readonly pixelSpacing: readonly number[] | null;
  readonly sliceThickness: number | null;
  readonly format: PixelFormat;
}

/** A DICOM file, and its slice if it has an image. */
export interface DicomHeader {
  readonly modality: string | null;
  readonly seriesUid: string | null;
  readonly slice: SliceHeader | null;
}

/**
 * Reads the header of a DICOM Part 10 file.
 *
 * @param bytes the start of the file, or all of it
 * @returns undefined when `bytes` end before the header does, and are not the whole file
 * @throws {@link DicomError} for a file that is cut short, malformed, or holds no image where one is claimed
 */
export function readHeader(
  bytes: DicomBytes,
  options: ParseOptions = {},
): DicomHeader | undefined {
  const parsed = parseElements(bytes, options);
  if (parsed === undefined) return undefined;
  const { file } = bytes;
  const { set, syntax, pixelData, fileSize } = parsed;
  const refuse = (problem: string): never => {
    throw new DicomError(file, problem);
  };
  const elements = new Elements(set, refuse);
  const modality = elements.text('x00080060');
  const seriesUid = elements.text('x0020000e');
  if (pixelData === undefined) return { modality, seriesUid, slice: null };

  const slice: SliceHeader = {
    file,
    syntax,
    sopUid: elements.required(elements.text('x00080018'), 'SOP Instance UID'),
    seriesUid: elements.required(seriesUid, 'Series Instance UID'),
    studyUid: elements.text('x0020000d'),
    patientId: elements.text('x00100020'),
    modality,
    manufacturer: elements.text('x00080070'),
    position: elements.numbers('x00200032', 'Image Position (Patient)', 3),
    orientation: elements.numbers(
      'x00200037',
      'Image Orientation (Patient)',
      6,
    ),
    pixelSpacing: elements.numbers('x00280030', 'Pixel Spacing', 2),
    sliceThickness: elements.number('x00180050', 'Slice Thickness'),
    format: pixelFormatOf(elements, syntax, pixelData, fileSize, refuse),
  };
  return { modality, seriesUid, slice };
}

/**
 * Reads the header of one slice.
 *
 * @param bytes the whole file
 * @param file the name that errors start with
 * @throws {@link DicomError} as {@link readHeader}, and for a file without an image
 */
export function readSliceHeader(
  bytes: Uint8Array,
  file: string,
  options: ParseOptions = {},
): SliceHeader {
  const header = readHeader({ bytes, file, fileSize: bytes.length }, options);
  if (header?.slice) return header.slice;
  throw new DicomError(
    file,
    `holds no image (modality ${header?.modality ?? 'unknown'})`,
  );
}
