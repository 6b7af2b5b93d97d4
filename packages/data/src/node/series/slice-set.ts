import { at } from '@clip-lung/tensor';

import type { SliceHeader } from '../../dicom/header.js';
import type { PixelFormat } from '../../dicom/pixel-format.js';
import type { FoundFile } from './list-files.js';
import type { FileStamp } from './slice-file.js';

/** What the slices of a series mostly have in common. */
type SharedHeader = Omit<
  SliceHeader,
  'file' | 'sopUid' | 'position' | 'order' | 'format'
> & { readonly format: Omit<PixelFormat, 'offset'> };

/**
 * The slices of a series and their files, as columns: plain data that takes little memory, and little time on its way to another
 * thread. What slices have in common is there once.
 */
export interface SliceSet {
  /** how warnings name the files */
  readonly files: readonly string[];
  /** where to open them */
  readonly paths: readonly string[];
  readonly sopUids: readonly string[];
  /** Image Position (Patient), mm, [3 · slices]; NaN in a header without one */
  readonly positions: Float64Array;
  /** Instance Number, Acquisition Time and Content Time, [3 · slices]; NaN in a header without one */
  readonly orders: Float64Array;
  /** size in bytes and times of the last changes of each file, ms, [3 · slices]: see `FileStamp` */
  readonly stamps: Float64Array;
  /** bytes of the files at which the pixels start */
  readonly offsets: Float64Array;
  readonly shared: readonly SharedHeader[];
  /** which of `shared` each slice has */
  readonly sharedOf: Uint32Array;
}

/** Of the headers of files, in the same order. */
export function sliceSet(
  files: readonly FoundFile[],
  headers: readonly SliceHeader[],
  stamps: readonly FileStamp[],
): SliceSet {
  const shared: SharedHeader[] = [];
  const known = new Map<string, number>();
  const positions = new Float64Array(3 * headers.length).fill(NaN);
  const orders = new Float64Array(3 * headers.length);
  const places = headers.map((header, i) => {
    if (header.position !== null) positions.set(header.position, 3 * i);
    const { instance, acquired, created } = header.order;
    orders.set([instance ?? NaN, acquired ?? NaN, created ?? NaN], 3 * i);
    const common = sharedOf(header);
    const key = JSON.stringify(common);
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, shared.length);
    return shared.push(common) - 1;
  });
  return {
    files: files.map(({ name }) => name),
    paths: files.map(({ path }) => path),
    sopUids: headers.map(({ sopUid }) => sopUid),
    positions,
    orders,
    stamps: Float64Array.from(stamps.flat()),
    offsets: Float64Array.from(headers, ({ format }) => format.offset),
    shared,
    sharedOf: Uint32Array.from(places),
  };
}

/** All of a header but what is in columns of its own. */
function sharedOf(header: SliceHeader): SharedHeader {
  const { file, sopUid, position, order, format, ...shared } = header;
  const { offset, ...ofAll } = format;
  return { ...shared, format: ofAll };
}

/** One after the other. */
export function joinSets(parts: readonly SliceSet[]): SliceSet {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const shared: SharedHeader[] = [];
  const known = new Map<string, number>();
  const sharedOf = parts.flatMap((part) => {
    const places = part.shared.map((common) => {
      const key = JSON.stringify(common);
      const before = known.get(key);
      if (before !== undefined) return before;
      known.set(key, shared.length);
      return shared.push(common) - 1;
    });
    return Array.from(part.sharedOf, (i) => at(places, i));
  });
  return {
    files: parts.flatMap(({ files }) => files),
    paths: parts.flatMap(({ paths }) => paths),
    sopUids: parts.flatMap(({ sopUids }) => sopUids),
    positions: joined(parts.map(({ positions }) => positions)),
    orders: joined(parts.map(({ orders }) => orders)),
    stamps: joined(parts.map(({ stamps }) => stamps)),
    offsets: joined(parts.map(({ offsets }) => offsets)),
    shared,
    sharedOf: Uint32Array.from(sharedOf),
  };
}

/** The headers again, in the same order. */
export function headersOf(set: SliceSet): readonly SliceHeader[] {
  const { files, sopUids, positions, orders, offsets } = set;
  const { shared, sharedOf } = set;
  return files.map((file, i) => {
    const { format, ...rest } = at(shared, at(sharedOf, i));
    const position = [...positions.subarray(3 * i, 3 * i + 3)];
    const [instance = null, acquired = null, created = null] = Array.from(
      orders.subarray(3 * i, 3 * i + 3),
      (value) => (Number.isNaN(value) ? null : value),
    );
    return {
      ...rest,
      file,
      sopUid: at(sopUids, i),
      position: position.some(Number.isNaN) ? null : position,
      order: { instance, acquired, created },
      format: { ...format, offset: at(offsets, i) },
    };
  });
}

/** The files of a set, each with where to open it. */
export function foundFiles({
  files,
  paths,
}: Pick<SliceSet, 'files' | 'paths'>): readonly FoundFile[] {
  return files.map((name, i) => ({ name, path: at(paths, i) }));
}

/** Where to open each slice. */
export function pathFinder({
  files,
  paths,
}: SliceSet): (slice: SliceHeader) => string {
  const byFile = new Map(files.map((file, i) => [file, at(paths, i)]));
  return ({ file }) => {
    const path = byFile.get(file);
    if (path !== undefined) return path;
    throw new RangeError(`${file}: is not a slice of this set`);
  };
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

/** Where to open slices, how many samples to take, and when to stop. */
export interface SliceAccess {
  /** along each axis, by default 32; see `planCrop` */
  readonly size?: number | undefined;
  readonly pathOf: (slice: SliceHeader) => string;
  readonly signal?: AbortSignal | undefined;
}
