import { GridError } from './errors.js';
import {
  createGridRecord,
  type GridRecord,
  writeGridRecord,
} from './grid-record.js';
import { hasStarted } from './has-started.js';
import { openGrid } from './open-grid.js';

export interface ThreadsOptions {
  /** that every cell computes with; undefined for the number that the grid began with, or else `usual` */
  readonly threads: number | undefined;
  readonly usual: number;
}

/**
 * Writes `grid.json`. What all cells compute with, the number of threads among it, is settled by the first start: of two at the same
 * moment, the second takes what the first has written.
 *
 * @returns the record, with that number
 * @throws {@link GridError} for another number of threads, engine or device than the grid began with
 */
export async function putOnRecord(
  folder: string,
  planned: GridRecord,
  options: ThreadsOptions,
): Promise<GridRecord> {
  const { threads, usual } = options;
  if (planned.threads === null) {
    const first = { ...planned, threads: threads ?? usual };
    await expectSameComputing(folder, planned, options);
    if (await createGridRecord(folder, first)) return first;
  }
  const { record } = await openGrid(folder, planned);
  await expectSameComputing(folder, record, options);
  const next = { ...record, threads: threads ?? record.threads ?? usual };
  await writeGridRecord(folder, next);
  return next;
}

/**
 * Before anything is traced, and again before it is written.
 *
 * @throws {@link GridError} as {@link putOnRecord}
 */
export async function expectSameComputing(
  folder: string,
  { threads: before }: GridRecord,
  { threads }: Pick<ThreadsOptions, 'threads'>,
): Promise<void> {
  if (before !== null && (threads === undefined || threads === before)) return;
  if (before === null && threads !== undefined) return;
  if (!(await hasStarted(folder))) return;
  throw new GridError(
    before === null
      ? `${folder}: has runs, but no grid.json, which says with how many threads its cells compute; give the number that they began with (--threads), or choose another folder`
      : `${folder}: its cells began with ${before} threads each, and with ${threads} the others would differ from them by more than their experiments: by rounding; leave --threads out, or choose another folder`,
  );
}
