import type { EngineState } from '@clip-lung/engine';
import type { TrainingState } from '@clip-lung/model';
import {
  type BestEpoch,
  type Checkpoint,
  type CheckpointName,
  type EpochPart,
  expectBest,
  expectMetrics,
  type FoldPaths,
  MissingRunFileError,
  readCheckpoint,
  type RunOrigin,
} from '@clip-lung/run';
import { FileFormatError } from '@clip-lung/tensor';

import { TrainingError } from './errors.js';
import type { OnTrainingEvent } from './events.js';
import { restoreTensors } from './restore.js';

/** How far a fold is. */
export interface Place {
  /** epochs done */
  readonly epoch: number;
  /** steps done */
  readonly step: number;
  readonly best: BestEpoch | null;
  /** what of the next epoch is done; undefined at its start */
  readonly within?: EpochPart | undefined;
  /** digest of the log of the epochs done, see `appendMetrics`; null where nobody kept one */
  readonly log: string | null;
}

export const theStart: Place = { epoch: 0, step: 0, best: null, log: null };

/** Where a fold goes on. */
export interface Continued extends Place {
  /** of the experiment that the checkpoint was written by: that with fewer epochs, before the run was given more */
  readonly experimentDigest: string;
}

/**
 * Puts the last checkpoint of a fold into a state.
 *
 * @returns where it stopped; undefined when the fold has not begun
 * @throws {@link TrainingError} for a checkpoint or a log that is damaged, or of another fold or run
 */
export async function goOn(
  {
    run,
    onEvent,
  }: {
    readonly run: RunOrigin;
    readonly onEvent?: OnTrainingEvent | undefined;
  },
  paths: FoldPaths,
  state: EngineState<TrainingState>,
): Promise<Continued | undefined> {
  const checkpoint = await readOwn(paths, 'last', run).catch(
    (error: unknown) => {
      if (error instanceof MissingRunFileError) return undefined;
      throw error;
    },
  );
  if (checkpoint === undefined) return undefined;
  const { info, tensors } = checkpoint;
  const { epoch, step, best, within, metrics, experimentDigest } = info;
  if (metrics === undefined) {
    onEvent?.({
      kind: 'note',
      fold: paths.fold,
      message: `${paths.last.tensors}: has no digest, like all checkpoints of earlier versions: nothing shows whether it has changed since it was written, or belongs to this fold`,
    });
  } else if (epoch > 0) {
    await orWayOut(paths, expectMetrics(paths.metrics, { epoch, metrics }));
  }
  await restoreTensors(state, tensors, paths.last.tensors);
  const log = metrics ?? null;
  return { epoch, step, best, within, log, experimentDigest };
}

/** The best checkpoint of a fold that is trained to its end. @throws {@link TrainingError} */
export async function readBest(
  paths: FoldPaths,
  run: RunOrigin,
  { best: wanted }: Place,
): Promise<Checkpoint> {
  const found = await readOwn(paths, 'best', run);
  await orWayOut(
    paths,
    Promise.resolve().then(() => {
      expectBest(found.info, { ...found.info, best: wanted }, paths);
    }),
  );
  return found;
}

/** A checkpoint of the fold. @throws {@link TrainingError} for one that is damaged, with the way out */
function readOwn(
  paths: FoldPaths,
  name: CheckpointName,
  run: RunOrigin,
): Promise<Checkpoint> {
  return orWayOut(paths, readCheckpoint(paths, name, run));
}

async function orWayOut<T>(
  { checkpoints, fold }: FoldPaths,
  reading: Promise<T>,
): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof FileFormatError)) throw error;
    throw new TrainingError(
      `${error.message}; remove ${checkpoints} to train fold ${fold} from its start, or put the file back`,
      { cause: error },
    );
  }
}
