import { deflate } from './deflate.js';
import { type Element, encodeElements, text, uint32 } from './elements.js';
import type { TransferSyntax } from './transfer-syntax.js';

const implementation = '2.25.195803217418390651216434150211846903041';

/** What a file's meta information says. */
export interface FileMeta {
  readonly sopClass: string;
  readonly sopUid: string;
  readonly syntax: TransferSyntax;
}

/**
 * A DICOM Part 10 file: the preamble, the file meta group in explicit VR little endian, and the data set in the syntax
 * that the group names.
 *
 * @see DICOM PS3.10 §7.1; PS3.5 §A.5 for the deflated one
 */
export function encodeFile(
  { sopClass, sopUid, syntax }: FileMeta,
  elements: readonly Element[],
): Uint8Array {
  const meta = encodeElements([
    { tag: 0x00020001, vr: 'OB', value: Uint8Array.of(0, 1) },
    text(0x00020002, 'UI', sopClass),
    text(0x00020003, 'UI', sopUid),
    text(0x00020010, 'UI', syntax.uid),
    text(0x00020012, 'UI', implementation),
    text(0x00020013, 'SH', 'CLIP-LUNG'),
  ]);
  const set = encodeElements(elements, syntax);
  const body = syntax.deflated ? evenLength(deflate(set)) : set;
  const parts = [
    new Uint8Array(128),
    Uint8Array.of(0x44, 0x49, 0x43, 0x4d),
    encodeElements([uint32(0x00020000, meta.length)]),
    meta,
    body,
  ];
  const file = new Uint8Array(
    parts.reduce((total, part) => total + part.length, 0),
  );
  let offset = 0;
  for (const part of parts) {
    file.set(part, offset);
    offset += part.length;
  }
  return file;
}

function evenLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length % 2 === 0) return bytes;
  const even = new Uint8Array(bytes.length + 1);
  even.set(bytes);
  return even;
}
