import type { Hosted } from '@clip-lung/engine';
import type { Model } from '@clip-lung/model';
import {
  type Checkpoint,
  type CheckpointName,
  expectBest,
  expectTensors,
  foldPaths,
  readCheckpoint,
  runOrigin,
  type RunRecord,
} from '@clip-lung/run';
import {
  leaves,
  mapTree,
  type NdArray,
  RandomStream,
  type Tree,
} from '@clip-lung/tensor';

import type { Weights } from '../weights.js';

/** What a fold was tested with. */
export interface TrainedFold {
  /** epochs that were trained */
  readonly epochsDone: number;
  /** the epoch that the weights are of, counted from 0 */
  readonly epoch: number;
  /** the checkpoint's, by dotted path */
  readonly tensors: Checkpoint['tensors'];
  /** the checkpoint */
  readonly file: string;
}

/**
 * Reads the checkpoint of the epoch that was best on the validation nodules, or of the last one where there are none, as the
 * test nodules were predicted with.
 *
 * @param record the run's
 * @throws `MissingRunFileError` when the fold is not trained; `FileFormatError` for a checkpoint that is damaged, or of another
 *   fold or run
 */
export async function readTrainedFold(
  run: string,
  fold: number,
  record: RunRecord,
  onNote: (message: string) => void,
): Promise<TrainedFold> {
  const paths = foldPaths(run, fold);
  const origin = runOrigin(record);
  const last = await readCheckpoint(paths, 'last', origin);
  const name: CheckpointName = last.info.best === null ? 'last' : 'best';
  const { tensors, info } =
    name === 'last' ? last : await readCheckpoint(paths, name, origin);
  if (name === 'best') expectBest(info, last.info, paths);
  const file = paths[name].tensors;
  if (info.formatVersion === 1) {
    onNote(
      `${file}: has no digest, like all checkpoints of earlier versions: nothing shows whether it has changed since it was written, or belongs to this fold`,
    );
  }
  return { epochsDone: last.info.epoch, epoch: info.epoch - 1, tensors, file };
}

/**
 * The averages in a checkpoint, by the model's own tree: an encoder may have no statistics, and a prompt nothing to learn.
 *
 * @param isWanted which of them, `params.image.conv1.weight`; by default all, and all must be the model's
 * @throws `TensorMismatchError` when they are another model's
 */
export function averagesOf(
  model: Model,
  { tensors, file }: TrainedFold,
  isWanted: (path: string) => boolean = () => true,
): Hosted<Weights> {
  const { params, statistics } = model.init(new RandomStream(0));
  const root = 'average.';
  const expected = new Map(
    leaves<NdArray>({ params, statistics }).map(([path, { shape }]) => [
      root + path,
      shape,
    ]),
  );
  const found = new Map(
    [...tensors].filter(
      ([path]) => path.startsWith(root) && isWanted(path.slice(root.length)),
    ),
  );
  expectTensors(found, expected, file);
  return mapTree<Tree<NdArray>, NdArray, NdArray>(
    { params, statistics },
    (start, path) => found.get(root + path) ?? start,
  ) as unknown as Hosted<Weights>;
}
