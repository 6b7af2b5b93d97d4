import { DicomError } from '../errors.js';
import { limits } from '../limits.js';
import type { SliceHeader } from './header.js';

const itemTag = 0xfffee000;
const delimiterTag = 0xfffee0dd;

/**
 * The compressed bytes of one frame. A frame may lie in several fragments; which of them it has is told by the Basic
 * Offset Table where there is one, by their number where every frame has one, and else by where a fragment ends with the
 * marker that ends a JPEG image.
 *
 * @param bytes the whole file
 * @param frame which image of the file, from 0
 * @throws {@link DicomError} for items that are cut short, or cannot be told apart into frames
 * @see DICOM PS3.5 §A.4
 */
export function frameBytes(
  { file, format: { offset, frames } }: SliceHeader,
  bytes: Uint8Array,
  frame: number,
): Uint8Array {
  const refuse = (problem: string): never => {
    throw new DicomError(file, problem);
  };
  const [table, ...fragments] = itemsFrom(bytes, offset, refuse);
  if (table === undefined || fragments.length < frames) {
    return refuse(
      `has ${fragments.length} fragments of compressed pixels for ${frames} frames`,
    );
  }
  const starts = frameStarts(table, fragments, frames, bytes, refuse);
  const own = fragments.slice(starts[frame], starts[frame + 1]);
  return concatenated(own.map(({ start, end }) => bytes.subarray(start, end)));
}

/** An item's value, as bytes of the file. */
interface Item {
  readonly start: number;
  readonly end: number;
}

function itemsFrom(
  bytes: Uint8Array,
  offset: number,
  refuse: (problem: string) => never,
): readonly Item[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const items: Item[] = [];
  let at = offset;
  for (;;) {
    if (at + 8 > bytes.length) {
      refuse(
        `is cut short: its compressed pixels have no end before byte ${bytes.length}, where the file ends`,
      );
    }
    const tag =
      view.getUint16(at, true) * 0x10000 + view.getUint16(at + 2, true);
    const length = view.getUint32(at + 4, true);
    at += 8;
    if (tag === delimiterTag) return items;
    if (tag !== itemTag) {
      refuse(
        `has ${tag.toString(16).padStart(8, '0')} at byte ${at - 8}, where an item of compressed pixels was expected`,
      );
    }
    if (at + length > bytes.length) {
      refuse(
        `is cut short: an item of compressed pixels ends at byte ${at + length}, the file at ${bytes.length}`,
      );
    }
    if (items.length > limits.fragments) {
      refuse(
        `has more than ${limits.fragments} fragments of compressed pixels`,
      );
    }
    items.push({ start: at, end: at + length });
    at += length;
  }
}

/** The first fragment of each frame, and the number of fragments. */
function frameStarts(
  table: Item,
  fragments: readonly Item[],
  frames: number,
  bytes: Uint8Array,
  refuse: (problem: string) => never,
): readonly number[] {
  const { length } = fragments;
  if (frames === 1) return [0, length];
  if (length === frames) return [...fragments.keys(), length];
  const starts =
    table.end > table.start
      ? startsByTable(table, fragments, bytes)
      : startsByMarkers(fragments, bytes);
  if (starts.length !== frames || starts.includes(-1)) {
    refuse(
      `has ${length} fragments of compressed pixels, and nothing says which of its ${frames} frames they belong to`,
    );
  }
  return [...starts, length];
}

/** Offsets count from the first fragment's item, whose head has 8 bytes. −1 where no fragment starts at one. */
function startsByTable(
  { start, end }: Item,
  fragments: readonly Item[],
  bytes: Uint8Array,
): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [head] = fragments;
  if (head === undefined) return [];
  const starts: number[] = [];
  for (let at = start; at + 4 <= end; at += 4) {
    const offset = head.start + view.getUint32(at, true);
    starts.push(fragments.findIndex((fragment) => fragment.start === offset));
  }
  return starts;
}

/** A frame starts after a fragment that ends with End Of Image, which a byte of padding may follow. */
function startsByMarkers(
  fragments: readonly Item[],
  bytes: Uint8Array,
): number[] {
  const ends = fragments.map(({ start, end }) => {
    const tail = bytes.subarray(Math.max(start, end - 3), end);
    return tail.some((byte, i) => byte === 0xff && tail[i + 1] === 0xd9);
  });
  return [0, ...ends.keys()].filter(
    (i, k) => k === 0 || (i > 0 && ends[i - 1]),
  );
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
