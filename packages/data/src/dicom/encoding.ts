import { BytesEnd, elementAt, type Encoding, vrAt } from './data-set.js';

const encodings: readonly Encoding[] = [
  { explicit: true, littleEndian: true },
  { explicit: false, littleEndian: true },
  { explicit: true, littleEndian: false },
];

/** Elements that have to follow on each other for bytes to count as a data set. */
const enough = 3;
/** No text or number at the start of a header takes as many bytes. */
const mostBytes = 0x10000;

/**
 * How the data set that starts at a byte is encoded; undefined where none does, or where that cannot be told. Three elements
 * have to follow on each other, in rising order, of known types or sensible lengths: neither text nor another image does.
 */
export function encodingAt(view: DataView, at: number): Encoding | undefined {
  return encodings.find((encoding) => follow(view, at, encoding, enough));
}

/** Whether the element at a byte can be the first of a data set in this encoding. */
export function beginsIn(
  view: DataView,
  at: number,
  encoding: Encoding,
): boolean {
  return follow(view, at, encoding, 1);
}

/** Where the first element of a DICOM file is, and what comes before it. */
export interface FileStart {
  /** of the file meta information, or where there is none, of the data set */
  readonly at: number;
  /** whether "DICM" says that it is one */
  readonly marked: boolean;
}

const preamble = 128;
/** "DICM" */
const mark = [0x44, 0x49, 0x43, 0x4d];

/** @returns undefined for a file that is not DICOM, marked or not */
export function fileStart(bytes: Uint8Array): FileStart | undefined {
  for (const at of [preamble, 0]) {
    if (mark.every((code, i) => bytes[at + i] === code)) {
      return { at: at + mark.length, marked: true };
    }
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const at of [0, preamble, preamble + mark.length]) {
    const encoding = encodingAt(view, at);
    if (encoding === undefined) continue;
    const { tag } = elementAt(view, at, encoding);
    // What every image begins with: the file meta information, or how it is identified.
    if ([0x0002, 0x0008].includes(tag >>> 16)) return { at, marked: false };
  }
  return undefined;
}

function isItem(view: DataView, at: number, encoding: Encoding): boolean {
  return elementAt(view, at, encoding).tag >>> 16 === 0xfffe;
}

/** Whether as many elements follow on each other. */
function follow(
  view: DataView,
  from: number,
  encoding: Encoding,
  wanted: number,
): boolean {
  try {
    let at = from;
    let last = 0;
    for (let count = 0; count < wanted; count++) {
      const { tag, start, length } = elementAt(view, at, encoding);
      const named = vrAt(view, at + 4) !== null;
      const group = tag >>> 16;
      if (tag <= last || group < 1 || group > 0x7fe0) return false;
      if (named !== encoding.explicit || length > mostBytes) return false;
      // What follows a sequence of unknown length is not looked for: that it begins as one is enough.
      if (length < 0) return isItem(view, start, encoding);
      last = tag;
      at = start + length;
      if (at === view.byteLength) return count > 0;
    }
    return true;
  } catch (error) {
    if (error instanceof BytesEnd) return false;
    throw error;
  }
}
