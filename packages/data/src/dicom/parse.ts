import dicomParser, { type DataSet } from 'dicom-parser';

import { DicomError } from '../errors.js';
import { type TransferSyntax, transferSyntaxOf } from './transfer-syntax.js';

/** The start of a file, or all of it. */
export interface DicomBytes {
  readonly bytes: Uint8Array;
  /** the name that errors start with */
  readonly file: string;
  /** bytes in the whole file */
  readonly fileSize: number;
}

export interface ParseOptions {
  /** inflates raw deflate data; files in the deflated syntax are refused without it */
  readonly inflate?: ((deflated: Uint8Array) => Uint8Array) | undefined;
}

/** Where the pixels lie: from byte `offset` of the (inflated) file. */
export interface PixelData {
  readonly offset: number;
  /** bytes; negative for compressed pixels, whose length is not known */
  readonly length: number;
}

export interface ParsedElements {
  readonly set: DataSet;
  readonly syntax: TransferSyntax;
  /** undefined in a file without an image */
  readonly pixelData: PixelData | undefined;
  /** what was given, inflated if it was deflated: what `pixelData` counts in */
  readonly bytes: Uint8Array;
  /** bytes in the whole file, inflated */
  readonly fileSize: number;
}

const pixelDataTag = 'x7fe00010';
const prefixEnd = 132;

/** Whether a file that starts so is a DICOM Part 10 file. */
export function isDicom(start: Uint8Array): boolean {
  return (
    start.length >= prefixEnd &&
    String.fromCharCode(...start.subarray(128, prefixEnd)) === 'DICM'
  );
}

/**
 * Parses a DICOM Part 10 file up to its pixels.
 *
 * @returns undefined when `bytes` end too early, and are not the whole file
 * @throws {@link DicomError} when the file is none, is cut short, or is malformed
 * @see DICOM PS3.10 §7.1
 */
export function parseElements(
  source: DicomBytes,
  options: ParseOptions,
): ParsedElements | undefined {
  const { bytes, file, fileSize } = source;
  if (!isDicom(bytes)) {
    if (bytes.length < Math.min(prefixEnd, fileSize)) return undefined;
    throw new DicomError(file, 'is no DICOM file: "DICM" is not at byte 128');
  }
  const partial = bytes.length < fileSize;
  const syntax = attempt(source, () => {
    const uid = dicomParser.readPart10Header(bytes).string('x00020010');
    if (uid === undefined) {
      if (partial) return undefined;
      throw new DicomError(file, 'has no Transfer Syntax UID (0002,0010)');
    }
    return transferSyntaxOf(uid.trim(), file);
  });
  if (syntax === undefined) return undefined;
  if (syntax.deflated && partial) return undefined;

  let inflated: Uint8Array | undefined;
  const set = attempt(source, () =>
    dicomParser.parseDicom(bytes, {
      untilTag: pixelDataTag,
      inflater: (all, position) => {
        inflated = inflateAfter(all, position, options, file);
        return inflated;
      },
    }),
  );
  if (set === undefined) return undefined;
  const pixels = set.elements[pixelDataTag];
  // Bytes that end between two elements parse without complaint.
  if (pixels === undefined && partial) return undefined;
  expectWithin(set, inflated?.length ?? bytes.length, file);
  return {
    set,
    syntax,
    pixelData: pixels && {
      offset: pixels.dataOffset,
      length: pixels.hadUndefinedLength ? -1 : pixels.length,
    },
    bytes: inflated ?? bytes,
    fileSize: inflated?.length ?? fileSize,
  };
}

/** The parser notices an element that ends after the file only when it is read. */
function expectWithin(set: DataSet, end: number, file: string): void {
  for (const { tag, dataOffset, length } of Object.values(set.elements)) {
    if (tag === pixelDataTag || dataOffset + length <= end) continue;
    throw new DicomError(
      file,
      `is cut short or malformed: the element ${tag.slice(1)} ends at byte ${dataOffset + length}, the file at ${end}`,
    );
  }
}

/** Runs the parser, which throws texts, errors and objects alike. Undefined where more bytes may help. */
function attempt<T>(
  { bytes, file, fileSize }: DicomBytes,
  parse: () => T,
): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof DicomError) throw error;
    if (bytes.length < fileSize) return undefined;
    throw new DicomError(
      file,
      `is cut short or malformed (${describe(error)})`,
      { cause: error },
    );
  }
}

function describe(error: unknown): string {
  if (typeof error === 'string') return error;
  if (error instanceof Error) return error.message;
  if (typeof error === 'object' && error !== null && 'exception' in error) {
    return describe(error.exception);
  }
  return 'the parser gives no reason';
}

function inflateAfter(
  bytes: Uint8Array,
  position: number,
  { inflate }: ParseOptions,
  file: string,
): Uint8Array {
  if (!inflate) {
    throw new DicomError(
      file,
      'is deflated, and no function to inflate it was given',
    );
  }
  const rest = inflate(bytes.subarray(position));
  const whole = new Uint8Array(position + rest.length);
  whole.set(bytes.subarray(0, position));
  whole.set(rest, position);
  return whole;
}
