import { type Dataset, type Split, splitFold } from '@clip-lung/data';
import type { EngineState } from '@clip-lung/engine';
import {
  learningRateOf,
  type ResolvedExperiment,
  type TrainingState,
} from '@clip-lung/model';
import { emaDecay } from '@clip-lung/optim';
import {
  appendMetrics,
  type BestEpoch,
  type CheckpointInfo,
  type EpochMetrics,
  type FileOrigin,
  type FoldLock,
  type FoldPaths,
  foldPaths,
  removeMetrics,
  type RunOrigin,
  writeCheckpoint,
  writePredictions,
} from '@clip-lung/run';
import {
  float32,
  type NdArray,
  notFiniteProblem,
  scalar,
  sizeOf,
} from '@clip-lung/tensor';

import { plannedBatches } from './batch-plan.js';
import type { BatchSource } from './batch-source.js';
import type { HostBatch } from './batches.js';
import { expectFinite, score } from './classify.js';
import { EpochSums } from './epoch-sums.js';
import { divergedAt, TrainingError } from './errors.js';
import type { OnTrainingEvent } from './events.js';
import { countSteps } from './fits-dataset.js';
import type { NoduleTable } from './nodule-table.js';
import { goOn, type Place, readBest } from './go-on.js';
import { restoreTensors, tensorsOf } from './restore.js';
import type { TrainingProgram } from './training-program.js';

export interface FoldOptions {
  readonly experiment: ResolvedExperiment;
  /** what the fold's files are of, by the run's record */
  readonly origin: Omit<FileOrigin, 'fold'>;
  /** what those are of that the fold may have already: the run may have gone on without former plugins */
  readonly run: RunOrigin;
  /** that this process alone trains the fold */
  readonly lock: FoldLock;
  readonly dataset: Dataset;
  readonly program: TrainingProgram;
  /** the dataset's nodules, as batches are made of them */
  readonly table: NoduleTable;
  /** makes the training batches */
  readonly source: BatchSource;
  /** the run's folder */
  readonly out: string;
  readonly fold: number;
  /** go on from the last checkpoint, where there is one */
  readonly resume: boolean;
  readonly onEvent?: OnTrainingEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains one fold and predicts its test nodules, with the weights of the epoch that was best on the validation nodules, or
 * of the last one where there are none. The test nodules take part in nothing else.
 */
export async function trainFold(options: FoldOptions): Promise<void> {
  const { experiment, dataset, table, program, fold, onEvent } = options;
  const { seed, epochs, batchSize } = experiment.training;
  const split = splitFold(dataset, { ...experiment.data, fold, seed });
  const stepsPerEpoch = countSteps(split, { fold, batchSize });
  const paths = foldPaths(options.out, fold);
  const state = program.begin(fold);

  let place: Place = { epoch: 0, step: 0, best: null };
  if (options.resume) place = (await goOn(options, paths, state)) ?? place;
  if (place.epoch === 0) await removeMetrics(paths.metrics);
  onEvent?.({
    kind: 'fold-start',
    fold,
    train: split.train.length,
    validation: split.validation.length,
    test: split.test.length,
    fromEpoch: place.epoch,
    epochs,
    stepsPerEpoch,
    leftOut: split.train.length - stepsPerEpoch * batchSize,
    startInAverage: startInAverage(experiment, epochs * stepsPerEpoch),
  });
  // Over all epochs, so that the next one's first batches are made while this one is validated.
  const plan = { train: split.train, batchSize, seed, fold, epochs };
  const batches = options.source.batches(
    plannedBatches({ ...plan, fromEpoch: place.epoch }),
  );
  const run: FoldRun = {
    ...{ split, paths, state, batches, stepsPerEpoch },
    classCounts: countClasses(table, split.train),
  };
  try {
    while (place.epoch < epochs) place = await trainEpoch(options, run, place);
  } finally {
    await batches.return();
  }

  if (place.best !== null) {
    const { tensors } = await readBest(paths, options.run, place);
    await restoreTensors(state, tensors, paths.best.tensors);
  }
  const rows = await program.classifier.classify(
    state,
    { nodules: dataset.nodules, table },
    split.test,
  );
  const epoch = place.best?.epoch ?? place.epoch - 1;
  expectFinite(rows, 'test', { fold, epoch, step: place.step });
  await options.lock.expectHeld();
  const predictions = { classes: split.classes, rows };
  await writePredictions(paths, predictions, options.origin);
  onEvent?.({ kind: 'fold-end', fold, accuracy: score(rows).accuracy, epoch });
}

/** What the weights before the first step weigh in the moving average after the last: the product of its decays. */
function startInAverage(
  { training }: ResolvedExperiment,
  steps: number,
): number {
  const { ema, emaWarmup } = training;
  let share = 1;
  for (let step = 0; step < steps; step++) {
    const decay = emaDecay(step, ema, emaWarmup);
    // From where the warm-up ends, every decay is the same.
    if (decay === ema) return share * ema ** (steps - step);
    share *= decay;
  }
  return share;
}

/** A fold under way. */
interface FoldRun {
  readonly split: Split;
  readonly paths: FoldPaths;
  readonly state: EngineState<TrainingState>;
  readonly batches: AsyncIterator<HostBatch, void>;
  readonly stepsPerEpoch: number;
  /** nodules of each class to learn from, [K] */
  readonly classCounts: NdArray<'float32'>;
}

/** One epoch: its steps, its validation, its line in the log, its checkpoints. */
async function trainEpoch(
  options: FoldOptions,
  run: FoldRun,
  place: Place,
): Promise<Place> {
  const { dataset, table, program, fold, onEvent } = options;
  const { split, paths, state } = run;
  const { epoch } = place;
  const started = performance.now();
  const { sums, learningRate, step } = await takeSteps(options, run, place);
  const rows = await program.classifier.classify(
    state,
    { nodules: dataset.nodules, table },
    split.validation,
  );
  expectFinite(rows, 'validation', { fold, epoch, step });
  const validation = rows.length === 0 ? null : score(rows);
  const isBest = validation !== null && isBetter(validation, place.best);
  const next: Place = {
    epoch: epoch + 1,
    step,
    best: isBest ? { epoch, ...validation } : place.best,
  };
  const tensors = await tensorsOf(state);
  const odd = notFiniteProblem(tensors);
  if (odd !== undefined) throw divergedAt(odd, { fold, epoch, step });
  const info: CheckpointInfo = {
    ...{ ...next, ...options.origin, fold },
    metrics: null,
  };
  await options.lock.expectHeld();
  if (isBest) await writeCheckpoint(paths, 'best', tensors, info);
  const metrics: EpochMetrics = {
    epoch,
    step,
    learningRate,
    ...sums.means(),
    validation,
    secondsPerEpoch: (performance.now() - started) / 1000,
  };
  await options.lock.expectHeld();
  const log = await appendMetrics(paths.metrics, metrics);
  // Last, so that a run which is stopped anywhere goes on from an epoch that is wholly there.
  await writeCheckpoint(paths, 'last', tensors, { ...info, metrics: log });
  onEvent?.({ kind: 'epoch', fold, metrics, isBest });
  return next;
}

async function takeSteps(
  { experiment, program, fold, onEvent, signal }: FoldOptions,
  { state, batches, stepsPerEpoch, classCounts }: FoldRun,
  place: Place,
): Promise<{ sums: EpochSums; learningRate: number; step: number }> {
  const { ema, emaWarmup } = experiment.training;
  const { epoch } = place;
  const rateAt = learningRateOf(experiment.training, stepsPerEpoch);
  const sums = new EpochSums();
  let { step } = place;
  for (let i = 0; i < stepsPerEpoch; i++) {
    signal?.throwIfAborted();
    const next = await batches.next();
    if (next.done === true) {
      throw new TrainingError(
        `fold ${fold} has no batch left at step ${step} of epoch ${epoch}`,
      );
    }
    const { labels, ...batch } = next.value;
    const found = await program.step.run(state, {
      ...batch,
      fields: {
        ...batch.fields,
        ...stepFields(program.model, {
          epoch,
          progress: step / (experiment.training.epochs * stepsPerEpoch),
        }),
      },
      classCounts,
      learningRate: scalar(rateAt(step)),
      averageDecay: scalar(emaDecay(step, ema, emaWarmup)),
    });
    sums.add(found, labels.data, { fold, epoch, step });
    step += 1;
    onEvent?.({ kind: 'step', fold, epoch, step });
  }
  return { sums, learningRate: rateAt(step - 1), step };
}

/** What the model asks for of the step itself. */
function stepFields(
  { fields }: TrainingProgram['model'],
  known: { readonly epoch: number; readonly progress: number },
): Readonly<Record<string, NdArray>> {
  return Object.fromEntries(
    fields.flatMap(({ name, field }) =>
      field === 'epoch' || field === 'progress'
        ? [[name, scalar(known[field])]]
        : [],
    ),
  );
}

/** How many of the nodules each class has, by their labels, [K]. */
function countClasses(
  { fields: { labels, targets } }: NoduleTable,
  rows: readonly number[],
): NdArray<'float32'> {
  const counts = new Float32Array(sizeOf(targets.shape));
  for (const row of rows) {
    const label = labels.values[row];
    const before = label === undefined ? undefined : counts[label];
    if (label === undefined || before === undefined) {
      throw new RangeError(`row ${row} of the dataset has none of the classes`);
    }
    counts[label] = before + 1;
  }
  return float32(targets.shape, counts);
}

/** More accurate, or as accurate with a lower loss. */
function isBetter(
  found: { readonly accuracy: number; readonly loss: number },
  best: BestEpoch | null,
): boolean {
  if (best === null || found.accuracy > best.accuracy) return true;
  return found.accuracy === best.accuracy && found.loss < best.loss;
}
