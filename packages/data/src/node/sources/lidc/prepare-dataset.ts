import { cropSize, labels } from '@clip-lung/lidc';
import { at } from '@clip-lung/tensor';
import { asFileWriteError } from '@clip-lung/tensor/node';

import { expectNoLeak, makeFolds } from '../../../dataset/folds.js';
import {
  foldColumns,
  noduleColumns,
  readerColumns,
  scanColumns,
} from '../../../dataset/format.js';
import type { LidcManifest } from '../../../dataset/manifest.js';
import { InputError } from '../../../errors.js';
import { DatasetWriter } from '../../dataset/dataset-writer.js';
import { expectReplaceable, OccupiedError } from '../../dataset/out-folder.js';
import { PartialFolder } from '../../scratch/partial-folder.js';
import {
  expectPlan,
  readPlan,
  type ShardPlan,
  wholePlan,
} from '../../shards/shard-plan.js';
import { stateOf } from '../../shards/shard-state.js';
import type { Job } from './job.js';
import { manifestOf } from './lidc-manifest.js';
import {
  type CheckedOptions,
  checkOptions,
  type PrepareOptions,
} from './prepare-options.js';
import { prepareScans, refuseEmpty } from './prepare-scans.js';
import type { Input } from './read-input.js';
import { StrictError } from './strict.js';
import { withInput } from './with-input.js';

/**
 * Makes a dataset folder of LIDC-IDRI: of all annotated scans whose images are there. The same input and options give the
 * same bytes.
 *
 * A scan that cannot be prepared is recorded in the manifest, and the others go on. With `strict`, nothing may be lost: a file that
 * cannot be read, a scan that cannot be prepared or has no images, and a nodule that is left out end the work. What was read
 * lies in a hidden folder beside `out` until it is needed, so that memory does not grow with it; a run that is stopped or
 * killed leaves it there, and the next one goes on from it. A folder without anything to prepare, or an output folder that
 * holds something else, is an error, after which nothing has changed.
 *
 * @returns the manifest as written
 * @throws {@link InputError} for such folders, `OptionError` for an option out of range, `FileWriteError` where the system
 *   lets nothing be written
 */
export async function prepareDataset(
  options: PrepareOptions,
): Promise<LidcManifest> {
  try {
    return await prepareAll(options);
  } catch (error) {
    throw asFileWriteError(options.out, error);
  }
}

async function prepareAll(options: PrepareOptions): Promise<LidcManifest> {
  const checked = checkOptions(options);
  // Said before the long reading, not after it.
  await expectReplaceable(options.out);
  const partial = await PartialFolder.open(options.out);
  let plan: ShardPlan | undefined;
  try {
    plan = await readPlan(partial.path);
    if (plan !== undefined) await tellOfShards(options, checked, partial, plan);
    const manifest = await withInput(
      { options, checked, partial },
      makeDataset,
    );
    await partial.remove();
    return manifest;
  } catch (error) {
    // Another attempt would come to the same end, but for one that is not strict, or into another folder.
    const final =
      error instanceof InputError &&
      !(error instanceof StrictError || error instanceof OccupiedError);
    await (final && plan === undefined ? partial.remove() : partial.leave());
    // A thread that was ended by it fails in its own words.
    options.signal?.throwIfAborted();
    throw error;
  }
}

/** @throws {@link InputError} where the shards are of another preparation */
async function tellOfShards(
  { folder, onNote }: PrepareOptions,
  checked: CheckedOptions,
  { path }: PartialFolder,
  plan: ShardPlan,
): Promise<void> {
  expectPlan(path, plan, await wholePlan(folder, checked));
  const { shards, done, missing } = await stateOf(path, plan);
  onNote?.(
    missing.length === 0
      ? `all ${shards} shards are prepared`
      : `${done.length} of ${shards} shards are prepared; what is missing of the others (${missing.join(', ')}) is prepared now`,
  );
}

async function makeDataset(input: Input, job: Job): Promise<LidcManifest> {
  const { options, checked } = job;
  const writer = await DatasetWriter.start(
    options.out,
    cropSize * checked.margin,
  );
  try {
    const result = await prepareScans(input, writer, job);
    const { found, scans } = result;
    if (found > 0) {
      options.onNote?.(
        `${found} of ${scans.length} scans were prepared before; ${scans.length - found} were prepared now`,
      );
    }
    if (result.nodules.length === 0) refuseEmpty(options.folder, result);
    const folds = makeFolds(result.nodules, { ...checked, classes: labels });
    expectNoLeak(result.nodules, (i) => folds[i]);
    const manifest = manifestOf(input, result, folds, checked);
    await writer.finish(
      {
        nodules: {
          columns: noduleColumns,
          rows: result.nodules.map(({ row }) => row),
        },
        scans: {
          columns: scanColumns,
          rows: result.scans.map(({ row }) => row),
        },
        folds: {
          columns: foldColumns,
          rows: result.nodules.map(({ row: { id, patient } }, i) => ({
            id,
            patient,
            fold: at(folds, i, 'folds'),
            part: '',
          })),
        },
        readers: {
          columns: readerColumns,
          rows: result.nodules.map(({ readers }) => readers),
        },
      },
      manifest,
    );
    return manifest;
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
