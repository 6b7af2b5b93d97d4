import { DicomError } from '../errors.js';
import {
  type Acquisition,
  acquisitionOf,
  type SliceOrder,
  sliceOrderOf,
} from './acquisition.js';
import { Elements } from './elements.js';
import type { HeaderNote } from '../warning.js';
import {
  type DicomBytes,
  type ParsedElements,
  parseElements,
  type ParseOptions,
} from './parse.js';
import { type PixelFormat, pixelFormatOf } from './pixel-format.js';
import { thicknessOf } from './slice-thickness.js';
import type { TransferSyntax } from './transfer-syntax.js';
import { uidOf } from './uid.js';

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
  /** whether it is an Enhanced CT image, whose frames tell where they lie in sequences that are not read */
  readonly enhanced: boolean;
  /** Image Position (Patient): the centre of the first voxel, [x, y, z] */
  readonly position: readonly number[] | null;
  /** Image Orientation (Patient): the directions of rising column and of rising row, [6] */
  readonly orientation: readonly number[] | null;
  /** Pixel Spacing: [between rows, between columns] */
  readonly pixelSpacing: readonly number[] | null;
  /** null also where it is nothing that a slice can have */
  readonly sliceThickness: number | null;
  readonly format: PixelFormat;
  /** whether the file is gzipped, so that its pixels' place is one in what it inflates to */
  readonly gzipped: boolean;
  /** what was odd in the header */
  readonly notes: readonly HeaderNote[];
}

/** A DICOM file of any kind. */
export interface DicomHeader {
  /** in upper case */
  readonly modality: string | null;
  /** by its modality, or where it tells none, by its SOP class; a file that tells neither may be one */
  readonly isCt: boolean;
  readonly seriesUid: string | null;
  /**
   * reads what the header says of the image, and throws a `DicomError` where that is not one grey image whose pixels are
   * all there; null in a file without an image
   */
  readonly slice: (() => SliceHeader) | null;
  /** whether it is a DICOMDIR: a list of the files beside it */
  readonly isIndex: boolean;
  /** whether its pixels are floating-point numbers, which no CT image has */
  readonly floatPixels: boolean;
}

/**
 * Reads the header of a DICOM file.
 *
 * @param source the start of the file, or all of it
 * @returns undefined when the bytes end before the header does, and are not the whole file
 * @throws {@link DicomError} for a file that is not DICOM, is cut short, or is malformed
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
  const modality = modalityOf(elements);
  const sopClass = elements.text('x00080016');
  return {
    modality,
    isCt:
      modality === null
        ? sopClass === null || ctClasses.includes(sopClass)
        : modality === 'CT',
    seriesUid: elements.text('x0020000e'),
    slice:
      parsed.set.pixelData === undefined
        ? null
        : () => sliceOf(source, elements, parsed, refuse),
    isIndex: elements.has('x00041220'),
    floatPixels: elements.has('x7fe00008') || elements.has('x7fe00009'),
  };
}

const ctClass = '1.2.840.10008.5.1.4.1.1.2';
/** Enhanced CT, and what was made of single slices to look like it. */
const enhancedClasses = [`${ctClass}.1`, `${ctClass}.2`];
const ctClasses = [ctClass, ...enhancedClasses];

function modalityOf(elements: Elements): string | null {
  const told = elements.text('x00080060');
  return told === null ? null : told.toUpperCase();
}

function sliceOf(
  { file, gzipped = false }: DicomBytes,
  elements: Elements,
  { syntax, fileSize, set: { pixelData }, notes: parsed }: ParsedElements,
  refuse: (problem: string) => never,
): SliceHeader {
  const notes = [...parsed];
  const note = (found: HeaderNote): void => void notes.push(found);
  if (pixelData === undefined) return refuse('holds no image');
  // First of all, so that a colour image is told to be one.
  const listener = { refuse, note };
  const format = pixelFormatOf(elements, syntax, pixelData, fileSize, listener);
  const uid = (tag: string, name: string): string =>
    uidOf(elements.required(elements.text(tag), name), name, listener);
  const modality = modalityOf(elements);
  if (modality === null) {
    const message = 'has no Modality; it is taken for a CT';
    note({ code: 'modality-missing', message });
  }
  const sopClass = elements.text('x00080016');
  return {
    file,
    syntax,
    gzipped,
    sopUid: uid('x00080018', 'SOP Instance UID'),
    seriesUid: uid('x0020000e', 'Series Instance UID'),
    studyUid: elements.text('x0020000d'),
    patientId: elements.text('x00100020'),
    modality,
    manufacturer: elements.text('x00080070'),
    localizer: elements
      .list('x00080008')
      .some((value) => value.toUpperCase() === 'LOCALIZER'),
    acquisition: acquisitionOf(elements),
    order: sliceOrderOf(elements),
    enhanced: sopClass !== null && enhancedClasses.includes(sopClass),
    position: elements.numbers('x00200032', 'Image Position (Patient)', 3),
    orientation: elements.numbers(
      'x00200037',
      'Image Orientation (Patient)',
      6,
    ),
    pixelSpacing: elements.numbers('x00280030', 'Pixel Spacing', 2),
    sliceThickness: thicknessOf(elements, note),
    format,
    notes,
  };
}

/**
 * Reads the header of one slice.
 *
 * @param bytes the whole file
 * @param file the name that errors start with
 * @throws {@link DicomError} for a file that is not DICOM, is cut short, is malformed, or holds no image
 */
export function readSliceHeader(
  bytes: Uint8Array,
  file: string,
  options: ParseOptions = {},
): SliceHeader {
  const header = readHeader({ bytes, file, fileSize: bytes.length }, options);
  if (header?.slice) return header.slice();
  throw new DicomError(file, header ? noImage(header) : 'holds no header');
}

/** What a file without an image is, for messages. */
export function noImage({ modality, floatPixels }: DicomHeader): string {
  const kind = modality === null ? 'no modality' : `modality ${modality}`;
  return floatPixels
    ? `holds pixels of floating-point numbers (${kind}), expected whole ones`
    : `holds no image (${kind}), or is cut short before it`;
}
