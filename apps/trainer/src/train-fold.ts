import { splitFold } from '@clip-lung/data';
import { learningRateOf, type ResolvedExperiment } from '@clip-lung/model';
import { emaDecay } from '@clip-lung/optim';
import { foldPaths, removeMetrics } from '@clip-lung/run';
import { at, float32, type NdArray, sizeOf } from '@clip-lung/tensor';

import { plannedBatches } from './batch-plan.js';
import { isPatienceOver } from './best-epoch.js';
import { expectFinite, score } from './classify.js';
import { countSteps } from './fits-dataset.js';
import type { FoldOptions } from './fold-options.js';
import { FoldWriter } from './fold-writer.js';
import type { FoldResult } from './fold-result.js';
import {
  type Continued,
  goOn,
  type Place,
  readBest,
  theStart,
} from './go-on.js';
import type { NoduleTable } from './nodule-table.js';
import { restoreTensors } from './restore.js';
import { type FoldRun, stopIfAsked, trainEpoch } from './train-epoch.js';

/**
 * Trains one fold and predicts its test nodules, with the weights of the epoch that was best on the validation nodules, or
 * of the last one where there are none. The test nodules take part in nothing else.
 *
 * @throws `TrainingStoppedError` when the signal has stopped it after a step, which is saved
 */
export async function trainFold(options: FoldOptions): Promise<FoldResult> {
  const { experiment, dataset, table, program, fold, onEvent } = options;
  const { seed, epochs, batchSize, accumulate } = experiment.training;
  const split = splitFold(dataset, { ...experiment.data, fold, seed });
  const stepsPerEpoch = countSteps(split, { fold, batchSize, accumulate });
  const paths = foldPaths(options.out, fold);
  const state = program.begin(fold);

  const continued = options.resume
    ? await goOn(options, paths, state)
    : undefined;
  let place: Place = continued ?? theStart;
  if (place.epoch === 0) await removeMetrics(paths.metrics);
  onEvent?.({
    kind: 'fold-start',
    fold,
    train: split.train.length,
    validation: split.validation.length,
    test: split.test.length,
    fromEpoch: place.epoch,
    fromStep: place.step,
    epochs,
    stepsPerEpoch,
    batchesPerStep: accumulate,
    leftOut: split.train.length - stepsPerEpoch * batchSize * accumulate,
    startInAverage: startInAverage(experiment, epochs * stepsPerEpoch),
  });
  if (continued !== undefined)
    tellOfExtension(options, continued, stepsPerEpoch);
  // Over all epochs, so that the next one's first batches are made while this one is validated.
  const plan = {
    ...{ train: split.train, batchSize, accumulate },
    ...{ seed, fold, epochs },
    strata:
      experiment.data.sampling === 'balanced'
        ? byClass(table, split.train)
        : undefined,
  };
  const batches = options.source.batches(
    plannedBatches({
      ...plan,
      fromEpoch: place.epoch,
      skip: place.within?.steps,
    }),
  );
  const writer = new FoldWriter(options.lock, paths);
  const run: FoldRun = {
    ...{ split, writer, state, batches, stepsPerEpoch },
    classCounts: countClasses(table, split.train),
  };
  try {
    while (place.epoch < epochs) {
      stopIfAsked(options, place);
      if (isPatienceOver(experiment.training, place)) {
        tellOfPatience(options, place);
        break;
      }
      place = await trainEpoch(options, run, place);
    }
    stopIfAsked(options, place);
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
  const predictions = { classes: split.classes, rows };
  await writer.predictions(predictions, options.origin);
  const result: FoldResult = {
    ...{ fold, ...score(rows), nodules: rows.length, epoch },
    validation: place.best && {
      accuracy: place.best.accuracy,
      loss: place.best.loss,
    },
  };
  onEvent?.({ kind: 'fold-end', ...result });
  return result;
}

/** Says what becomes of the learning rate of a fold that goes on in a run which was given more epochs. */
function tellOfExtension(
  { experiment: { training }, program, run, fold, onEvent }: FoldOptions,
  { epoch, step, experimentDigest }: Continued,
  stepsPerEpoch: number,
): void {
  const former = run.shorter?.get(experimentDigest);
  if (former === undefined || step === 0) return;
  const rateOf = (epochs: number, step: number): string =>
    learningRateOf(
      program.schedule,
      { ...training, epochs },
      stepsPerEpoch,
    )(step).toPrecision(3);
  onEvent?.({
    kind: 'note',
    fold,
    message: `fold ${fold} was to have ${former} epochs, of which ${epoch} are done, and goes on to ${training.epochs}. Its learning rate had come to ${rateOf(former, step - 1)}, and goes on at ${rateOf(training.epochs, step)}, where it is in a run of ${training.epochs}; so the result is not that of ${training.epochs} epochs from the start`,
  });
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

function tellOfPatience(
  { fold, onEvent }: FoldOptions,
  { epoch, best }: Place,
): void {
  if (best === null) return;
  onEvent?.({
    kind: 'note',
    fold,
    message: `fold ${fold} ends after ${epoch} epochs: none was better than epoch ${best.epoch} for training.patience`,
  });
}

/** The rows of each class that has any. */
function byClass(
  { fields: { labels } }: NoduleTable,
  rows: readonly number[],
): readonly (readonly number[])[] {
  const classes = new Map<number, number[]>();
  for (const row of rows) {
    const label = at(labels.values, row, 'labels');
    const own = classes.get(label);
    if (own === undefined) classes.set(label, [row]);
    else own.push(row);
  }
  return [...classes].sort(([a], [b]) => a - b).map(([, own]) => own);
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
