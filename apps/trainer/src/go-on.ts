import type { EngineState } from '@clip-lung/engine';
import type { TrainingState } from '@clip-lung/model';
import {
  type BestEpoch,
  type Checkpoint,
  type CheckpointName,
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

/** What is known at the end of an epoch. */
export interface Place {
  /** epochs done */
  readonly epoch: number;
  /** steps done */
  readonly step: number;
  readonly best: BestEpoch | null;
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
): Promise<Place | undefined> {
  const checkpoint = await readOwn(paths, 'last', run).catch(
    (error: unknown) => {
      if (error instanceof MissingRunFileError) return undefined;
      throw error;
    },
  );
  if (checkpoint === undefined) return undefined;
  const { info, tensors } = checkpoint;
  const { epoch, step, best, metrics } = info;
  if (metrics === undefined) {
    onEvent?.({
      kind: 'note',
      fold: paths.fold,
      message: `${paths.last.tensors}: has no digest, like all checkpoints of earlier versions: nothing shows whether it has changed since it was written, or belongs to this fold`,
    });
  } else {
    await orWayOut(paths, expectMetrics(paths.metrics, { epoch, metrics }));
  }
  await restoreTensors(state, tensors, paths.last.tensors);
  return { epoch, step, best };
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
