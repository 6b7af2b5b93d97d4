import type { TransferSyntax } from './transfer-syntax.js';

/** Value representations that are written here. All but OB and OW have a 16-bit length. */
export type TextVr =
  | 'CS'
  | 'DA'
  | 'DS'
  | 'IS'
  | 'LO'
  | 'PN'
  | 'SH'
  | 'TM'
  | 'UI';

/** A data element: tag as `0xggggeeee`, and its value, of even length and in little endian. */
export interface Element {
  readonly tag: number;
  readonly vr: TextVr | 'US' | 'SS' | 'UL' | 'OB' | 'OW';
  readonly value: Uint8Array;
  /** whether the value is a sequence of items that ends itself, so that its length is left open */
  readonly encapsulated?: boolean;
}

/** A text of ASCII characters; values are joined by backslashes and padded to an even length, UIDs with NUL, else with a space. */
export function text(
  tag: number,
  vr: TextVr,
  ...values: readonly (string | number)[]
): Element {
  const joined = values.join('\\');
  const pad = vr === 'UI' ? '\0' : ' ';
  const even = joined.length % 2 === 0 ? joined : joined + pad;
  const value = new Uint8Array(even.length);
  for (let i = 0; i < even.length; i++) value[i] = even.charCodeAt(i);
  return { tag, vr, value };
}

export function uint16(tag: number, value: number): Element {
  return { tag, vr: 'US', value: Uint8Array.of(value & 0xff, value >> 8) };
}

export function int16(tag: number, value: number): Element {
  return { ...uint16(tag, value & 0xffff), vr: 'SS' };
}

export function uint32(tag: number, value: number): Element {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return { tag, vr: 'UL', value: bytes };
}

const openLength = 0xffffffff;

/**
 * Data elements in one of the ways to write them.
 *
 * @param elements in any order; they are written by ascending tag
 * @see DICOM PS3.5 §7.1.2 (explicit VR), §7.1.3 (implicit VR), §7.3 (big endian)
 */
export function encodeElements(
  elements: readonly Element[],
  {
    explicit,
    littleEndian,
  }: Pick<TransferSyntax, 'explicit' | 'littleEndian'> = {
    explicit: true,
    littleEndian: true,
  },
): Uint8Array {
  const sorted = [...elements].sort((a, b) => a.tag - b.tag);
  const length = sorted.reduce(
    (total, { vr, value }) => total + headerLength(vr, explicit) + value.length,
    0,
  );
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const { tag, vr, value, encapsulated = false } of sorted) {
    const header = headerLength(vr, explicit);
    const valueLength = encapsulated ? openLength : value.length;
    view.setUint16(offset, tag >>> 16, littleEndian);
    view.setUint16(offset + 2, tag & 0xffff, littleEndian);
    if (explicit) {
      bytes[offset + 4] = vr.charCodeAt(0);
      bytes[offset + 5] = vr.charCodeAt(1);
    }
    if (explicit && header === 8) {
      view.setUint16(offset + 6, valueLength, littleEndian);
    } else {
      view.setUint32(offset + header - 4, valueLength, littleEndian);
    }
    offset += header;
    bytes.set(value, offset);
    if (!littleEndian) {
      swap(bytes.subarray(offset, offset + value.length), unitOf(vr));
    }
    offset += value.length;
  }
  return bytes;
}

function headerLength(vr: Element['vr'], explicit: boolean): number {
  return explicit && (vr === 'OB' || vr === 'OW') ? 12 : 8;
}

/** Bytes of a value representation's single number. */
function unitOf(vr: Element['vr']): 1 | 2 | 4 {
  if (vr === 'UL') return 4;
  return vr === 'US' || vr === 'SS' || vr === 'OW' ? 2 : 1;
}

/** Turns the bytes of each number around, in place. */
function swap(bytes: Uint8Array, unit: 1 | 2 | 4): void {
  if (unit === 1) return;
  for (let at = 0; at < bytes.length; at += unit) {
    bytes.subarray(at, at + unit).reverse();
  }
}
