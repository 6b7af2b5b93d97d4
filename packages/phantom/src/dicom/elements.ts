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

/** A data element: tag as `0xggggeeee`, and its value, of even length. */
export interface Element {
  readonly tag: number;
  readonly vr: TextVr | 'US' | 'UL' | 'OB' | 'OW';
  readonly value: Uint8Array;
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
  return { tag, vr, value: Uint8Array.from(even, (c) => c.charCodeAt(0)) };
}

export function uint16(tag: number, value: number): Element {
  return { tag, vr: 'US', value: Uint8Array.of(value & 0xff, value >> 8) };
}

export function uint32(tag: number, value: number): Element {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return { tag, vr: 'UL', value: bytes };
}

/**
 * Data elements as explicit VR little endian.
 *
 * @param elements in any order; they are written by ascending tag
 * @see DICOM PS3.5 §7.1.2
 */
export function encodeElements(elements: readonly Element[]): Uint8Array {
  const sorted = [...elements].sort((a, b) => a.tag - b.tag);
  const length = sorted.reduce(
    (total, { vr, value }) => total + headerLength(vr) + value.length,
    0,
  );
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const { tag, vr, value } of sorted) {
    view.setUint16(offset, tag >>> 16, true);
    view.setUint16(offset + 2, tag & 0xffff, true);
    bytes[offset + 4] = vr.charCodeAt(0);
    bytes[offset + 5] = vr.charCodeAt(1);
    if (headerLength(vr) === 12) view.setUint32(offset + 8, value.length, true);
    else view.setUint16(offset + 6, value.length, true);
    offset += headerLength(vr);
    bytes.set(value, offset);
    offset += value.length;
  }
  return bytes;
}

function headerLength(vr: Element['vr']): number {
  return vr === 'OB' || vr === 'OW' ? 12 : 8;
}
