import { foldPaths, readRunRecord } from '@clip-lung/run';

import { readTrackedFold } from '../tracked-fold.js';
import { FoldEvents } from './fold-events.js';

/** What a tracker has to hear of a training; the trainer's events are of this kind. */
export type TrackedEvent =
  | {
      readonly kind: 'fold-start';
      readonly fold: number;
      /** the first epoch to train: above 0 when a run goes on */
      readonly fromEpoch: number;
    }
  | { readonly kind: 'epoch' | 'fold-end'; readonly fold: number }
  | { readonly kind: 'note' | 'step'; readonly fold: number };

/** Follows a training as it goes. */
export interface TrainingFollower {
  readonly onEvent: (event: TrackedEvent) => void;
  /** waits until what was heard is written, or was noted; throws nothing */
  readonly settled: () => Promise<void>;
  /** the same, and ends */
  readonly close: () => Promise<void>;
}

/**
 * Writes a run's event files while it is trained, into the folders of its folds: of each epoch what its log says, as soon as
 * it does. A run that goes on goes on in another file. Where nothing can be written, a note says so once a fold, and the
 * training goes on.
 *
 * @param run the run's folder
 */
export function followInTensorBoard(
  run: string,
  { onNote }: { readonly onNote: (message: string) => void },
): TrainingFollower {
  const folds = new Map<number, FoldEvents | null>();
  let queue = Promise.resolve();
  const follow = async (event: TrackedEvent): Promise<void> => {
    const { fold } = event;
    const isStart = event.kind === 'fold-start';
    if (folds.get(fold) === null) return;
    const record = await readRunRecord(run);
    const events =
      folds.get(fold) ??
      (await FoldEvents.open(foldPaths(run, fold).folder, { run, record }));
    folds.set(fold, events);
    const tracked = await readTrackedFold(run, record, fold, {
      before: isStart ? event.fromEpoch : undefined,
      tested: event.kind === 'fold-end',
    });
    await events.follow(tracked, { start: isStart });
  };
  return {
    onEvent: (event) => {
      if (event.kind === 'note' || event.kind === 'step') return;
      queue = queue
        .then(() => follow(event))
        .catch((error: unknown) => {
          folds.set(event.fold, null);
          onNote(
            `fold ${event.fold} goes on without TensorBoard: ${messageOf(error)}; \`clip-lung export-tensorboard\` writes what is missing`,
          );
        });
    },
    settled: () => queue,
    close: async () => {
      await queue;
      for (const events of folds.values()) await events?.close();
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
