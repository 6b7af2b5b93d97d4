import { limits } from '../limits.js';

/** How the elements of a data set are written. */
export interface Encoding {
  /** whether each element names its type (VR) */
  readonly explicit: boolean;
  readonly littleEndian: boolean;
}

/** An element of a data set: where its value lies. */
export interface DataElement {
  /** group · 2¹⁶ + element */
  readonly tag: number;
  /** null in implicit encodings */
  readonly vr: string | null;
  /** byte at which the value starts */
  readonly start: number;
  /** bytes of the value; negative where it is not told, and a delimiter ends it */
  readonly length: number;
}

/** The elements of a data set that come before its pixels. */
export interface DataSet {
  readonly view: DataView;
  readonly littleEndian: boolean;
  /** by tag */
  readonly elements: ReadonlyMap<number, DataElement>;
  /** undefined in a data set without an image */
  readonly pixelData: DataElement | undefined;
  /** the byte at which reading stopped: at the pixels, at another group, or at the end */
  readonly end: number;
}

/** What bounds the elements that are read. */
export interface Bounds {
  /** bytes of the whole file: no element may end after it */
  readonly size: number;
  /** only elements of this group are read */
  readonly group?: number;
}

/** The bytes end before the elements do: more of the file may help. */
export class BytesEnd extends Error {}

type Refuse = (problem: string) => never;

const pixelDataTag = 0x7fe00010;
const itemTag = 0xfffee000;
const itemEnd = 0xfffee00d;
const sequenceEnd = 0xfffee0dd;
const implicitLittleEndian: Encoding = { explicit: false, littleEndian: true };

/** The types whose length takes two bytes; that of all others, and of any to come, takes four (PS3.5 §7.1.2). */
const shortVrs = new Set(
  'AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' '),
);
const longVrs = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '));

/** The VR that is named at a byte, or null. */
export function vrAt(view: DataView, at: number): string | null {
  const vr = String.fromCharCode(view.getUint8(at), view.getUint8(at + 1));
  return shortVrs.has(vr) || longVrs.has(vr) ? vr : null;
}

/** @throws {@link BytesEnd} */
export function elementAt(
  view: DataView,
  at: number,
  { explicit, littleEndian }: Encoding,
): DataElement {
  expectBytes(view, at + 8);
  const tag =
    view.getUint16(at, littleEndian) * 0x10000 +
    view.getUint16(at + 2, littleEndian);
  const isItem = tag >>> 16 === 0xfffe;
  const letters = isUpper(view.getUint8(at + 4), view.getUint8(at + 5));
  // As pydicom does, an element that names no type is read as an implicit one: some programs write private ones so.
  if (!explicit || isItem || !letters) {
    const length = told(view.getUint32(at + 4, littleEndian));
    return { tag, vr: null, start: at + 8, length };
  }
  const vr = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5));
  if (shortVrs.has(vr)) {
    const length = view.getUint16(at + 6, littleEndian);
    return { tag, vr, start: at + 8, length };
  }
  expectBytes(view, at + 12);
  const length = told(view.getUint32(at + 8, littleEndian));
  return { tag, vr, start: at + 12, length };
}

/**
 * Reads the elements of a data set up to its pixels. Only the outermost are kept; what a value holds is not looked into, unless
 * there is no other way to find its end.
 *
 * @param view the file, or its start
 * @param start the byte at which the data set starts
 * @throws {@link BytesEnd} where `view` ends too early
 * @see DICOM PS3.5 §7.1 and §7.5
 */
export function readDataSet(
  view: DataView,
  start: number,
  encoding: Encoding,
  { size, group }: Bounds,
  refuse: Refuse,
): DataSet {
  const { littleEndian } = encoding;
  const elements = new Map<number, DataElement>();
  let pixelData: DataElement | undefined;
  let count = 0;
  let at = start;
  while (at < view.byteLength && !isPadding(view, at)) {
    const element = elementAt(view, at, encoding);
    if (group !== undefined && element.tag >>> 16 !== group) break;
    if (element.tag === pixelDataTag) {
      pixelData = element;
      break;
    }
    at = endOf(view, element, encoding, size, refuse);
    // A delimiter without a beginning means nothing.
    if (element.tag >>> 16 === 0xfffe) continue;
    count += 1;
    if (count > limits.elements) {
      refuse(`has more than ${limits.elements} elements before its pixels`);
    }
    const known = elements.get(element.tag);
    if (known === undefined) elements.set(element.tag, element);
    else expectSame(view, known, element, refuse);
  }
  return { view, littleEndian, elements, pixelData, end: at };
}

/** (0028,0010) */
function tagName(tag: number): string {
  const digits = tag.toString(16).padStart(8, '0');
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
}

function told(length: number): number {
  return length === 0xffffffff ? -1 : length;
}

function isUpper(...codes: readonly number[]): boolean {
  return codes.every((code) => code >= 0x41 && code <= 0x5a);
}

function expectBytes(view: DataView, end: number): void {
  if (end > view.byteLength) throw new BytesEnd();
}

/** Some programs fill the last block of a file with zeros, which no element starts with. */
function isPadding(view: DataView, from: number): boolean {
  for (let at = from; at < Math.min(from + 8, view.byteLength); at++) {
    if (view.getUint8(at) !== 0) return false;
  }
  return true;
}

/** Where the element ends, and the next one starts. */
function endOf(
  view: DataView,
  { tag, vr, start, length }: DataElement,
  encoding: Encoding,
  size: number,
  refuse: Refuse,
): number {
  if (length >= 0) return after(view, tag, start + length, size, refuse);
  return endOfItems(view, tag, start, inside(vr, encoding), size, refuse);
}

/** What is of unknown type was copied from an implicit file as it was (PS3.5 §6.2.2). */
function inside(vr: string | null, encoding: Encoding): Encoding {
  return vr === 'UN' ? implicitLittleEndian : encoding;
}

function after(
  view: DataView,
  tag: number,
  end: number,
  size: number,
  refuse: Refuse,
): number {
  if (end > size) {
    refuse(
      `is cut short or malformed: the element ${tagName(tag)} ends at byte ${end}, the file at ${size}`,
    );
  }
  expectBytes(view, end);
  return end;
}

/**
 * The end of a value of unknown length: of items, in each of which there may be other such values. Without recursion, as a
 * hostile file nests them as deep as it likes.
 */
function endOfItems(
  view: DataView,
  tag: number,
  start: number,
  encoding: Encoding,
  size: number,
  refuse: Refuse,
): number {
  const open: { readonly items: boolean; readonly encoding: Encoding }[] = [
    { items: true, encoding },
  ];
  let at = start;
  for (let top = open.at(-1); top; top = open.at(-1)) {
    const element = elementAt(view, at, top.encoding);
    if (element.tag === (top.items ? sequenceEnd : itemEnd)) {
      open.pop();
      at = element.start;
    } else if (top.items && element.tag !== itemTag) {
      refuse(
        `is malformed: ${tagName(element.tag)} lies at byte ${at}, where an item of ${tagName(tag)} was expected`,
      );
    } else if (element.length >= 0) {
      const { length } = element;
      at = after(view, element.tag, element.start + length, size, refuse);
    } else {
      at = element.start;
      const within = top.items
        ? itemEncoding(view, at, top.encoding)
        : inside(element.vr, top.encoding);
      open.push({ items: !top.items, encoding: within });
      if (open.length > 2 * limits.sequenceDepth) {
        refuse(
          `${tagName(tag)} holds sequences more than ${limits.sequenceDepth} deep`,
        );
      }
    }
  }
  return at;
}

/** Some programs name types even where the standard has none: in items of a value of unknown type. */
function itemEncoding(
  view: DataView,
  at: number,
  encoding: Encoding,
): Encoding {
  expectBytes(view, at + 8);
  const explicit = encoding.explicit || vrAt(view, at + 4) !== null;
  return { ...encoding, explicit };
}

/** An element that is there twice is read where that makes no difference; private ones are not read at all. */
function expectSame(
  view: DataView,
  a: DataElement,
  b: DataElement,
  refuse: Refuse,
): void {
  if ((a.tag >>> 16) % 2 === 1) return;
  let same = a.length === b.length;
  for (let i = 0; same && i < a.length; i++) {
    same = view.getUint8(a.start + i) === view.getUint8(b.start + i);
  }
  if (!same) refuse(`has the element ${tagName(a.tag)} twice, with two values`);
}
