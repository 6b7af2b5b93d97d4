import { limits } from '../limits.js';
import { type HuffmanTable, huffmanTable } from './huffman.js';

type Refuse = (problem: string) => never;

/** What the markers before the pixels of a lossless JPEG image of one component tell. */
export interface LosslessScan extends Frame {
  /** selection value: which neighbours a pixel is predicted from, 1 to 7 */
  readonly predictor: number;
  /** by how many bits pixels were shifted down before they were coded */
  readonly pointTransform: number;
  /** rows between two restart markers, or 0 */
  readonly restartRows: number;
  readonly table: HuffmanTable;
  /** byte at which the coded bits start */
  readonly start: number;
}

interface Frame {
  readonly rows: number;
  readonly columns: number;
  readonly precision: number;
}

const sof3 = 0xffc3;
const defineTables = 0xffc4;
const startOfScan = 0xffda;
const defineRestart = 0xffdd;

/** @see ITU-T T.81, §B.2 */
export function losslessScan(view: DataView, refuse: Refuse): LosslessScan {
  const tables = new Map<number, HuffmanTable>();
  let frame: Frame | undefined;
  let defined = 0;
  let interval = 0;
  let at = 2;
  for (;;) {
    if (at + 4 > view.byteLength) {
      return refuse('is cut short: its JPEG image ends before its pixels');
    }
    const marker = view.getUint16(at);
    // Markers may be filled up with any number of FF.
    if (marker === 0xffff) {
      at += 1;
      continue;
    }
    const length = view.getUint16(at + 2);
    const end = at + 2 + length;
    if (marker < 0xffc0 || length < 2 || end > view.byteLength) {
      return refuse(
        'its JPEG image is damaged, or cut short, before its pixels',
      );
    }
    const body = new DataView(
      view.buffer,
      view.byteOffset + at + 4,
      length - 2,
    );
    if (marker === sof3 && frame === undefined) frame = frameOf(body, refuse);
    else if (marker === defineTables) {
      defined += readTables(body, tables, defined, refuse);
    } else if (marker === defineRestart && length === 4) {
      interval = body.getUint16(0);
    } else if (marker === startOfScan) {
      if (frame === undefined) {
        return refuse('its JPEG image is not lossless: it has no SOF3 marker');
      }
      const restartRows = interval / frame.columns;
      if (!Number.isInteger(restartRows)) {
        refuse(
          `its JPEG image has restart markers every ${interval} pixels, expected every so many rows of ${frame.columns}`,
        );
      }
      const head = scanHeader(body, tables, frame, refuse);
      return { ...frame, ...head, restartRows, start: end };
    }
    at = end;
  }
}

function frameOf(body: DataView, refuse: Refuse): Frame {
  if (body.byteLength < 9 || body.getUint8(5) !== 1) {
    return refuse('its JPEG image does not have exactly one component');
  }
  const precision = body.getUint8(0);
  const rows = body.getUint16(1);
  const columns = body.getUint16(3);
  if (precision < 2 || precision > 16 || rows < 1 || columns < 1) {
    return refuse(
      `its JPEG image has ${rows} rows and ${columns} columns of ${precision} bits`,
    );
  }
  return { rows, columns, precision };
}

/** Lengths of codes 1 to 16, one byte each, behind the number of the table. */
const countBytes = 16;

/** @returns how many tables the marker defines; `defined` are already */
function readTables(
  body: DataView,
  tables: Map<number, HuffmanTable>,
  defined: number,
  refuse: Refuse,
): number {
  let at = 0;
  let count = 0;
  while (at < body.byteLength) {
    const bytes = new Uint8Array(body.buffer, body.byteOffset + at);
    const counts = bytes.subarray(1, 1 + countBytes);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const end = at + 1 + countBytes + total;
    const symbols = bytes.subarray(1 + countBytes, end - at);
    if (end > body.byteLength || symbols.some((symbol) => symbol > 16)) {
      refuse('its JPEG image has a damaged Huffman table');
    }
    // Each takes the memory of all codes of 16 bits.
    count += 1;
    if (count + defined > limits.huffmanTables) {
      refuse(
        `its JPEG image defines more than ${limits.huffmanTables} Huffman tables`,
      );
    }
    tables.set(body.getUint8(at), huffmanTable(counts, symbols, refuse));
    at = end;
  }
  return count;
}

function scanHeader(
  body: DataView,
  tables: ReadonlyMap<number, HuffmanTable>,
  { precision }: Frame,
  refuse: Refuse,
): Pick<LosslessScan, 'predictor' | 'pointTransform' | 'table'> {
  if (body.byteLength !== 6 || body.getUint8(0) !== 1) {
    return refuse('its JPEG image has a damaged scan header');
  }
  const table = tables.get(body.getUint8(2) >> 4);
  const predictor = body.getUint8(3);
  const pointTransform = body.getUint8(5) & 15;
  if (table === undefined || pointTransform >= precision) {
    return refuse('its JPEG image has a scan without a table, or without bits');
  }
  return { predictor, pointTransform, table };
}
