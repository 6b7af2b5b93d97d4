import { type Dataset, splitFold } from '@clip-lung/data';
import type { Engine, EngineState } from '@clip-lung/engine';
import {
  createModel,
  initialState,
  optimizers,
  type ResolvedExperiment,
  trainingStep,
  type TrainingState,
} from '@clip-lung/model';
import { cosineSchedule, emaDecay } from '@clip-lung/optim';
import {
  appendMetrics,
  type BestEpoch,
  type CheckpointInfo,
  type EpochMetrics,
  experimentDigest,
  foldPaths,
  MissingRunFileError,
  readCheckpoint,
  runFormatVersion,
  writeCheckpoint,
  writePredictions,
} from '@clip-lung/run';
import { RandomStream, scalar } from '@clip-lung/tensor';
import type { TextTower } from '@clip-lung/text-encoder';

import { epochOrder, fullBatches, makeBatch } from './batches.js';
import { Classifier, score } from './classify.js';
import { TrainingError } from './errors.js';
import { EpochSums } from './epoch-sums.js';
import type { OnTrainingEvent } from './events.js';
import { restoreTensors, tensorsOf } from './restore.js';

export interface FoldOptions {
  readonly experiment: ResolvedExperiment;
  readonly dataset: Dataset;
  /** the run's folder */
  readonly out: string;
  readonly fold: number;
  /** go on from the last checkpoint, where there is one */
  readonly resume: boolean;
  readonly engine: Engine;
  readonly tower: TextTower | null;
  readonly onEvent?: OnTrainingEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is known at the end of an epoch. */
interface Place {
  readonly epoch: number;
  readonly step: number;
  readonly best: BestEpoch | null;
}

/**
 * Trains one fold and predicts its test nodules, with the weights of the epoch that was best on the validation nodules, or
 * of the last one where there are none. The test nodules take part in nothing else.
 */
export async function trainFold(options: FoldOptions): Promise<void> {
  const { experiment, dataset, engine, tower, fold, onEvent, signal } = options;
  const { seed, epochs, batchSize } = experiment.training;
  const split = splitFold(dataset, { ...experiment.data, fold, seed });
  const stepsPerEpoch = Math.floor(split.train.length / batchSize);
  if (stepsPerEpoch === 0) {
    throw new TrainingError(
      `fold ${fold} has ${split.train.length} nodules to learn from, fewer than one batch of ${batchSize}; set training.batchSize lower`,
    );
  }
  const model = createModel(experiment, { classes: split.classes, tower });
  const optimizer = optimizers.create(experiment.optimizer, {}, 'training');
  const state = engine.state<TrainingState>(
    initialState(
      model,
      optimizer,
      new RandomStream(seed, 'init', `fold-${fold}`),
    ),
  );
  const step = engine.compile(trainingStep(model, optimizer), {
    name: 'training step',
    frozen: model.frozen,
  });
  const classifier = new Classifier(engine, model, batchSize);
  const paths = foldPaths(options.out, fold);
  const digest = experimentDigest({ ...experiment });

  let place: Place = { epoch: 0, step: 0, best: null };
  if (options.resume) place = (await restored(options, state, digest)) ?? place;
  onEvent?.({
    kind: 'fold-start',
    fold,
    train: split.train.length,
    validation: split.validation.length,
    test: split.test.length,
    fromEpoch: place.epoch,
    epochs,
    stepsPerEpoch,
  });

  const learningRate = cosineSchedule({
    base: experiment.training.learningRate,
    steps: epochs * stepsPerEpoch,
  });
  for (let { epoch } = place; epoch < epochs; epoch++) {
    const started = performance.now();
    const sums = new EpochSums();
    const order = epochOrder(split.train, { seed, fold, epoch });
    for (const rows of fullBatches(order, batchSize)) {
      signal?.throwIfAborted();
      const batch = makeBatch(dataset, rows, split.classes);
      const at = place.step;
      const found = await step.run(state, {
        ...batch,
        learningRate: scalar(learningRate(at)),
        averageDecay: scalar(
          emaDecay(at, experiment.training.ema, experiment.training.emaWarmup),
        ),
      });
      sums.add(found, batch.labels.data, { fold, epoch, step: at });
      place = { ...place, step: at + 1 };
      onEvent?.({ kind: 'step', fold, epoch, step: place.step });
    }
    const validation =
      split.validation.length === 0
        ? null
        : score(await classifier.classify(state, dataset, split.validation));
    const isBest = validation !== null && isBetter(validation, place.best);
    place = {
      epoch: epoch + 1,
      step: place.step,
      best: isBest ? { epoch, ...validation } : place.best,
    };
    const info: CheckpointInfo = {
      formatVersion: runFormatVersion,
      ...place,
      experimentDigest: digest,
    };
    const tensors = await tensorsOf(state);
    if (isBest) await writeCheckpoint(paths, 'best', tensors, info);
    const metrics: EpochMetrics = {
      epoch,
      step: place.step,
      learningRate: learningRate(place.step - 1),
      ...sums.means(),
      validation,
      secondsPerEpoch: (performance.now() - started) / 1000,
    };
    await appendMetrics(paths.metrics, metrics);
    // Last, so that a run which is stopped anywhere goes on from an epoch that is wholly there.
    await writeCheckpoint(paths, 'last', tensors, info);
    onEvent?.({ kind: 'epoch', fold, metrics, isBest });
  }

  if (place.best !== null) {
    const { tensors } = await readCheckpoint(paths, 'best');
    await restoreTensors(state, tensors, paths.best.tensors);
  }
  const rows = await classifier.classify(state, dataset, split.test);
  await writePredictions(paths.predictions, { classes: split.classes, rows });
  await step.release();
  await classifier.release();
  onEvent?.({
    kind: 'fold-end',
    fold,
    accuracy: score(rows).accuracy,
    epoch: place.best?.epoch ?? place.epoch - 1,
  });
}

/** The first of equally accurate epochs with the lowest loss. */
function isBetter(
  found: { accuracy: number; loss: number },
  best: BestEpoch | null,
): boolean {
  if (best === null || found.accuracy > best.accuracy) return true;
  return found.accuracy === best.accuracy && found.loss < best.loss;
}

/** Puts the last checkpoint into the state. @returns where it stopped; undefined when the fold has not begun */
async function restored(
  { out, fold }: FoldOptions,
  state: EngineState<TrainingState>,
  digest: string,
): Promise<Place | undefined> {
  const paths = foldPaths(out, fold);
  const checkpoint = await readCheckpoint(paths, 'last').catch(
    (error: unknown) => {
      if (error instanceof MissingRunFileError) return undefined;
      throw error;
    },
  );
  if (checkpoint === undefined) return undefined;
  const { info, tensors } = checkpoint;
  if (info.experimentDigest !== digest) {
    throw new TrainingError(
      `${paths.last.tensors}: is of another experiment; a run goes on only with the experiment that it was started with`,
    );
  }
  await restoreTensors(state, tensors, paths.last.tensors);
  return { epoch: info.epoch, step: info.step, best: info.best };
}
