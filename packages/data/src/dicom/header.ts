import { DicomError } from '../errors.js';
import {
  type Acquisition,
  acquisitionOf,
  type SliceOrder,
  sliceOrderOf,
} from './acquisition.js';
import { Elements } from './elements.js';
import {
  type DicomBytes,
  type ParsedElements,
  parseElements,
  type ParseOptions,
  type PixelData,
} from './parse.js';
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
  /** whether Image Type says that it is a localiser: an overview, no part of the volume */
  readonly localizer: boolean;
  readonly acquisition: Acquisition;
  readonly order: SliceOrder;
  /** Image Position (Patient): the centre of the first voxel, [x, y, z] */
  readonly position: readonly number[] | null;
  /** Image Orientation (Patient): the directions of rising column and of rising row, [6] */
  readonly orientation: readonly number[] | null;
  /** Pixel Spacing: [between rows, between columns] */
  readonly pixelSpacing: readonly number[] | null;
  readonly sliceThickness: number | null;
  readonly format: PixelFormat;
}

/** A DICOM file of any kind. */
export interface DicomHeader {
  readonly modality: string | null;
  readonly seriesUid: string | null;
  /**
   * reads what the header says of the image, and throws a `DicomError` where that is not one grey image whose pixels are
   * all there; null in a file without an image
   */
  readonly slice: (() => SliceHeader) | null;
}

/**
 * Reads the header of a DICOM Part 10 file.
 *
 * @param source the start of the file, or all of it
 * @returns undefined when the bytes end before the header does, and are not the whole file
 * @throws {@link DicomError} for a file that is cut short or malformed
 */
export function readHeader(
  source: DicomBytes,
  options: ParseOptions = {},
): DicomHeader | undefined {
  const parsed = parseElements(source, options);
  if (parsed === undefined) return undefined;
  const refuse = (problem: string): never => {
    throw new DicomError(source.file, problem);
  };
  const elements = new Elements(parsed.set, refuse);
  const { pixelData } = parsed;
  return {
    modality: elements.text('x00080060'),
    seriesUid: elements.text('x0020000e'),
    slice:
      pixelData === undefined
        ? null
        : () => sliceOf(source.file, elements, parsed, pixelData, refuse),
  };
}

function sliceOf(
  file: string,
  elements: Elements,
  { syntax, fileSize }: ParsedElements,
  pixelData: PixelData,
  refuse: (problem: string) => never,
): SliceHeader {
  // Programs make file names of UIDs, so one that is none may reach where it should not.
  const uid = (tag: string, name: string): string => {
    const text = elements.required(elements.text(tag), name);
    if (/^[\d.]{1,64}$/.test(text)) return text;
    return refuse(
      `${name} is "${text.slice(0, 80)}", expected a UID of digits and dots`,
    );
  };
  return {
    file,
    syntax,
    sopUid: uid('x00080018', 'SOP Instance UID'),
    seriesUid: uid('x0020000e', 'Series Instance UID'),
    studyUid: elements.text('x0020000d'),
    patientId: elements.text('x00100020'),
    modality: elements.text('x00080060'),
    manufacturer: elements.text('x00080070'),
    localizer: elements.list('x00080008').includes('LOCALIZER'),
    acquisition: acquisitionOf(elements),
    order: sliceOrderOf(elements),
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
  if (header?.slice) return header.slice();
  throw new DicomError(
    file,
    `holds no image (modality ${header?.modality ?? 'unknown'})`,
  );
}
