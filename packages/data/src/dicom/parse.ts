import { DicomError } from '../errors.js';
import {
  BytesEnd,
  type DataSet,
  type Encoding,
  readDataSet,
} from './data-set.js';
import { Elements } from './elements.js';
import { beginsIn, encodingAt, type FileStart, fileStart } from './encoding.js';
import { fileKind } from './file-kind.js';
import type { HeaderNote } from '../warning.js';
import {
  plainSyntax,
  type TransferSyntax,
  transferSyntaxOf,
} from './transfer-syntax.js';

/** The start of a file, or all of it. */
export interface DicomBytes {
  readonly bytes: Uint8Array;
  /** the name that errors start with */
  readonly file: string;
  /** bytes in the whole file */
  readonly fileSize: number;
  /** whether these bytes are those that a gzipped file inflates to */
  readonly gzipped?: boolean;
}

export interface ParseOptions {
  /** inflates raw deflate data; files in the deflated syntax are refused without it */
  readonly inflate?: ((deflated: Uint8Array) => Uint8Array) | undefined;
}

export interface ParsedElements {
  readonly set: DataSet;
  readonly syntax: TransferSyntax;
  /** what was given, inflated if it was deflated: what the elements' places count in */
  readonly bytes: Uint8Array;
  /** bytes in the whole file, inflated */
  readonly fileSize: number;
  readonly notes: readonly HeaderNote[];
}

/** From as many bytes on it can be told whether a file is DICOM: its first elements are short. */
const enoughBytes = 1024;

/** Of the file meta information, whatever the data set behind it is in. */
const metaEncoding: Encoding = { explicit: true, littleEndian: true };

/** Whether a file that starts so is DICOM, with "DICM" at byte 128 or without. */
export function isDicom(start: Uint8Array): boolean {
  return fileStart(start) !== undefined;
}

/**
 * Parses a DICOM file up to its pixels. One without "DICM", or without file meta information, is read where its first elements
 * show how it is encoded; and so is one whose Transfer Syntax UID says otherwise, with a note.
 *
 * @returns undefined when `bytes` end too early, and are not the whole file
 * @throws {@link DicomError} when the file is not DICOM, is cut short, or is malformed
 * @see DICOM PS3.10 §7.1
 */
export function parseElements(
  source: DicomBytes,
  options: ParseOptions,
): ParsedElements | undefined {
  const { bytes, file, fileSize } = source;
  const start = fileStart(bytes);
  if (start === undefined) {
    if (bytes.length < Math.min(enoughBytes, fileSize)) return undefined;
    throw new DicomError(
      file,
      `is not a DICOM file: "DICM" is not at byte 128, and it does not begin with DICOM elements; it seems to be ${fileKind(bytes)}`,
    );
  }
  try {
    return parseFrom(start, source, options);
  } catch (error) {
    if (!(error instanceof BytesEnd)) throw error;
    if (bytes.length < fileSize) return undefined;
    throw new DicomError(
      file,
      `is cut short or malformed: an element goes on after byte ${fileSize}, where the file ends`,
      { cause: error },
    );
  }
}

/** @throws {@link BytesEnd} */
function parseFrom(
  start: FileStart,
  { bytes, file, fileSize }: DicomBytes,
  options: ParseOptions,
): ParsedElements | undefined {
  const refuse = (problem: string): never => {
    throw new DicomError(file, problem);
  };
  const partial = bytes.length < fileSize;
  const view = viewOf(bytes);
  // The length that the first element of the meta information tells is often wrong: it ends where another group begins.
  const meta = readDataSet(
    view,
    start.at,
    metaEncoding,
    { size: fileSize, group: 2 },
    refuse,
  );
  const uid = new Elements(meta, refuse).text('x00020010');
  const found = encodingAt(view, meta.end);
  if (found === undefined && partial && bytes.length < meta.end + enoughBytes) {
    return undefined;
  }
  if (uid === null && found === undefined) {
    return refuse(
      'has no Transfer Syntax UID (0002,0010), and its first elements do not show how it is encoded',
    );
  }
  const claimed = uid === null ? null : transferSyntaxOf(uid, file);
  const { syntax, encoding, notes } = syntaxOf(claimed, found, start, refuse);
  const begins = found !== undefined || beginsIn(view, meta.end, encoding);
  if (!begins && !syntax.deflated && bytes.length >= meta.end + 8) {
    refuse(
      `says that it is in the transfer syntax ${syntax.uid} (${syntax.name}), but what follows at byte ${meta.end} does not begin like that: it is compressed as a whole, encrypted, or damaged`,
    );
  }
  if (!syntax.deflated) {
    const bounds = { size: fileSize };
    const set = readDataSet(view, meta.end, encoding, bounds, refuse);
    // Bytes that end between two elements parse without complaint.
    if (set.pixelData === undefined && partial) return undefined;
    return { set, syntax, bytes, fileSize, notes };
  }
  if (partial) return undefined;
  const whole = inflateAfter(bytes, meta.end, options, file);
  const size = whole.length;
  const inside = viewOf(whole);
  const set = readDataSet(inside, meta.end, encoding, { size }, refuse);
  return { set, syntax, bytes: whole, fileSize: size, notes };
}

interface Decided {
  readonly syntax: TransferSyntax;
  readonly encoding: Encoding;
  readonly notes: readonly HeaderNote[];
}

/**
 * The encoding that the first elements show is right, whatever the Transfer Syntax UID says: they could not be read otherwise.
 * How compressed pixels are compressed, only the UID can say.
 */
function syntaxOf(
  claimed: TransferSyntax | null,
  found: Encoding | undefined,
  { marked }: FileStart,
  refuse: (problem: string) => never,
): Decided {
  if (claimed === null) {
    if (found === undefined) return refuse('has no Transfer Syntax UID');
    const syntax = plainSyntax(found);
    const lacking = marked
      ? 'has no Transfer Syntax UID'
      : 'has no file meta information ("DICM" is not at byte 128)';
    const message = `${lacking}; its elements are read as ${syntax.name}, the encoding that they have`;
    const notes = [{ code: 'transfer-syntax-missing', message }];
    return { syntax, encoding: found, notes };
  }
  const { explicit, littleEndian } = claimed;
  const own = { explicit, littleEndian };
  const differs =
    found !== undefined &&
    (claimed.deflated ||
      found.explicit !== explicit ||
      found.littleEndian !== littleEndian);
  if (!differs) return { syntax: claimed, encoding: own, notes: [] };
  const actual = plainSyntax(found);
  if (claimed.compressed && !found.littleEndian) {
    return refuse(
      `says that it is in the transfer syntax ${claimed.uid} (${claimed.name}), but its elements are ${actual.name}, which that syntax never has`,
    );
  }
  const message = `says that it is in the transfer syntax ${claimed.uid} (${claimed.name}), but its elements are ${actual.name}; they are read as such`;
  const notes = [{ code: 'transfer-syntax-mismatch', message }];
  const syntax = claimed.compressed ? claimed : actual;
  return { syntax, encoding: found, notes };
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
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
  let rest: Uint8Array;
  try {
    rest = inflate(bytes.subarray(position));
  } catch (error) {
    throw new DicomError(
      file,
      `is deflated, and damaged, cut short or too large: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const whole = new Uint8Array(position + rest.length);
  whole.set(bytes.subarray(0, position));
  whole.set(rest, position);
  return whole;
}
