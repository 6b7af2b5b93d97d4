import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';

import { odditiesOf } from '../../lidc-xml/oddities.js';
import type {
  CtReadings,
  RadiographReadings,
} from '../../lidc-xml/readings.js';
import type { Warning } from '../../warning.js';
import { type PackedFiles, unpackFiles } from '../series/file-list.js';
import { type KeptPiece, Pieces, readPiece } from './partial-file.js';
import {
  type AnnotationBatch,
  parseFiles,
} from '../sources/lidc/read-annotations.js';

/** Annotation files to read, and the folder to keep what they say in: plain data, which may go to another thread. */
export interface AnnotationTask {
  readonly files: PackedFiles;
  readonly keep: string;
}

/** The readings of a CT that are kept in a file: what stays in memory of them until their scan is prepared. */
export interface KeptReadings
  extends Pick<CtReadings, 'kind' | 'file' | 'seriesUid'> {
  readonly piece: KeptPiece;
  readonly oddities: readonly Warning[];
}

/** Parses annotation files, and keeps what they say of CTs in a file of the folder. */
export function keepReadings({
  files,
  keep,
}: AnnotationTask): AnnotationBatch<KeptReadings | RadiographReadings> {
  const { contents, warnings } = parseFiles(unpackFiles(files));
  const packed = contents.map((content) => ({
    content,
    bytes: serialize(content),
  }));
  // Another process may be at work with what the same files held before: that has another name.
  const digest = createHash('sha256');
  for (const { bytes } of packed) digest.update(bytes);
  const pieces = new Pieces(`${digest.digest('hex').slice(0, 32)}.readings`);
  const kept = packed.map(({ content, bytes }) => {
    if (content.kind === 'radiograph') return content;
    const { kind, file, seriesUid } = content;
    const piece = pieces.add(bytes);
    return { kind, file, seriesUid, piece, oddities: odditiesOf(content) };
  });
  pieces.write(keep);
  return { contents: kept, warnings };
}

/** @throws `InputError` where what was kept no longer is */
export function readKeptReadings(keep: string, piece: KeptPiece): CtReadings {
  return readPiece(keep, piece, (bytes) => deserialize(bytes) as CtReadings);
}
