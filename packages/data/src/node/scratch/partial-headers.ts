import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';

import { Scratch } from '../series/file-bytes.js';
import {
  packFiles,
  type PackedFiles,
  unpackFiles,
} from '../series/file-list.js';
import { type HeaderBatch, readHeaders } from '../series/header-batch.js';
import type { FoundFile } from '../series/list-files.js';
import {
  type KeptPiece,
  Pieces,
  readPartialFile,
  readPiece,
} from './partial-file.js';
import { stampOf } from '../series/slice-file.js';
import { foundFiles, joinSets, type SliceSet } from '../series/slice-set.js';

/** Files whose headers are to be read, and the folder to keep them in: plain data, which may go to another thread. */
export interface HeaderTask {
  readonly files: PackedFiles;
  readonly keep: string;
}

/** The headers of a batch, of which the slices are kept. */
export interface KeptHeaders extends HeaderBatch<KeptPiece> {
  /** the file that keeps them, if this run has made it */
  readonly made: string | undefined;
}

/** What is kept of a batch behind the slices themselves. */
interface Kept {
  /** of each file, as `FileStamp` has it; NaN where a file could not be opened */
  readonly stamps: Float64Array;
  readonly batch: HeaderBatch<KeptPiece>;
}

/** Slices as they are kept: the names and paths of their files take more than all else. */
type PackedSlices = Omit<SliceSet, 'files' | 'paths'> & {
  readonly packed: PackedFiles;
};

/**
 * Reads the headers of files into a file of the folder; nothing is left to do where an earlier run has, and no file was
 * changed since.
 *
 * @returns what `readHeaders` does, but of the slices only where they are kept
 */
export function keepHeaders({ files: packed, keep }: HeaderTask): KeptHeaders {
  const files = unpackFiles(packed);
  const name = keptName(packed);
  const kept = readKept(join(keep, name), files);
  if (kept) return { ...kept, made: undefined };
  const stamps = new Float64Array(3 * files.length).fill(NaN);
  const { series, ...rest } = readHeaders(files, (index, stamp) => {
    stamps.set(stamp, 3 * index);
  });
  const pieces = new Pieces(name);
  const places = series.map(({ slices, ...part }) => ({
    ...part,
    slices: pieces.add(serialize(packSlices(slices))),
  }));
  const batch = { series: places, ...rest };
  const head = serialize({ stamps, batch } satisfies Kept);
  const headLength = Buffer.alloc(4);
  headLength.writeUInt32LE(head.length);
  pieces.write(keep, [head, headLength]);
  return { ...batch, made: name };
}

/** The slices of a series, wherever in the folder they are kept. @throws `InputError` where they no longer are */
export function readKeptSlices(
  keep: string,
  places: readonly KeptPiece[],
): SliceSet {
  const sets = places.map((piece) =>
    readPiece(keep, piece, (bytes) =>
      unpackSlices(deserialize(bytes) as PackedSlices),
    ),
  );
  return joinSets(sets);
}

function packSlices({ files, paths, ...columns }: SliceSet): PackedSlices {
  const found = foundFiles({ files, paths });
  return { packed: packFiles(found), ...columns };
}

function unpackSlices({ packed, ...columns }: PackedSlices): SliceSet {
  const files = unpackFiles(packed);
  return {
    files: files.map(({ name }) => name),
    paths: files.map(({ path }) => path),
    ...columns,
  };
}

/** To be counted up when what is kept changes its form. */
const keptVersion = 5;

function keptName({ root, bytes }: PackedFiles): string {
  const digest = createHash('sha256')
    // What one version of V8 writes, an earlier one may not read.
    .update(JSON.stringify([keptVersion, process.versions.v8, root]))
    .update(bytes)
    .digest('hex');
  return `${digest.slice(0, 32)}.headers`;
}

const earlier = new Scratch();

function readKept(
  path: string,
  files: readonly FoundFile[],
): HeaderBatch<KeptPiece> | undefined {
  const bytes = readPartialFile(path, earlier);
  if (bytes === undefined) return undefined;
  const start = -4 - bytes.readUInt32LE(bytes.length - 4);
  const { stamps, batch } = deserialize(bytes.subarray(start, -4)) as Kept;
  // What could not be read then may be readable now.
  if (batch.warnings.length > 0) return undefined;
  const same = files.every((file, i) => {
    const found = statSync(file.path, { throwIfNoEntry: false });
    const now = found === undefined ? [] : stampOf(found);
    return (
      now.length > 0 && now.every((value, k) => value === stamps[3 * i + k])
    );
  });
  return same ? batch : undefined;
}
