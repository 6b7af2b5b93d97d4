import { existsSync } from 'node:fs';

import {
  appendMetrics,
  type CheckpointInfo,
  type CheckpointName,
  type EpochMetrics,
  type FileOrigin,
  type FoldLock,
  type FoldPaths,
  MissingRunFileError,
  type Predictions,
  writeCheckpoint,
  writePredictions,
} from '@clip-lung/run';
import type { NdArray } from '@clip-lung/tensor';
import { FileWriteError, isMissing } from '@clip-lung/tensor/node';

/**
 * Writes the files of a fold, as long as the fold is this process's own and what was written before is in its place. Otherwise
 * folders would be made anew, with a part of the files in them.
 */
export class FoldWriter {
  readonly #lock: FoldLock;
  readonly #paths: FoldPaths;
  readonly #written: Set<string>;

  constructor(lock: FoldLock, paths: FoldPaths) {
    this.#lock = lock;
    this.#paths = paths;
    const { metrics, last, best } = paths;
    const files = [metrics, last.tensors, best.tensors];
    this.#written = new Set(files.filter((file) => existsSync(file)));
  }

  /** @throws `FileWriteError` that says how to go on; `FoldLockedError`, `MissingRunFileError` */
  async checkpoint(
    name: CheckpointName,
    tensors: Iterable<readonly [path: string, array: NdArray]>,
    info: CheckpointInfo,
  ): Promise<void> {
    await this.#write(this.#paths[name].tensors, () =>
      writeCheckpoint(this.#paths, name, tensors, info),
    );
  }

  /** @returns the digest of the log, see `appendMetrics` */
  metrics(metrics: EpochMetrics): Promise<string> {
    const file = this.#paths.metrics;
    return this.#write(file, () => appendMetrics(file, metrics));
  }

  async predictions(
    predictions: Predictions,
    origin: Omit<FileOrigin, 'fold'>,
  ): Promise<void> {
    await this.#write(this.#paths.predictions, () =>
      writePredictions(this.#paths, predictions, origin),
    );
  }

  async #write<T>(file: string, write: () => Promise<T>): Promise<T> {
    const { last } = this.#paths;
    try {
      await this.#expectUndisturbed();
      const result = await write();
      this.#written.add(file);
      return result;
    } catch (error) {
      if (!(error instanceof FileWriteError)) throw error;
      // What vanished while it was being written.
      if (isMissing(error.cause)) await this.#expectUndisturbed();
      if (!this.#written.has(last.tensors)) throw error;
      throw new FileWriteError(error.file, error.cause, {
        advice:
          'what was saved before is whole, and --resume goes on from there',
      });
    }
  }

  async #expectUndisturbed(): Promise<void> {
    await this.#lock.expectHeld();
    if (this.#written.size === 0) return;
    const { folder, checkpoints, fold } = this.#paths;
    const gone = [folder, checkpoints, ...this.#written].find(
      (one) => !existsSync(one),
    );
    if (gone === undefined) return;
    throw new MissingRunFileError(
      gone,
      `was removed or renamed while fold ${fold} was being trained; nothing more is written. Put it back, and go on with --resume`,
    );
  }
}
