import type { Split } from '@clip-lung/data';
import type { EngineState } from '@clip-lung/engine';
import { learningRateOf, type TrainingState } from '@clip-lung/model';
import { emaDecay } from '@clip-lung/optim';
import type { CheckpointInfo, EpochMetrics, EpochPart } from '@clip-lung/run';
import { type NdArray, notFiniteProblem, scalar } from '@clip-lung/tensor';

import type { HostBatch } from './batches.js';
import { isBetter, validationOf } from './best-epoch.js';
import { expectFinite } from './classify.js';
import { EpochSums } from './epoch-sums.js';
import { divergedAt, TrainingError, TrainingStoppedError } from './errors.js';
import type { FoldWriter } from './fold-writer.js';
import type { Place } from './go-on.js';
import { tensorsOf } from './restore.js';
import type { FoldOptions } from './fold-options.js';
import type { TrainingProgram } from './training-program.js';

/** A fold under way. */
export interface FoldRun {
  readonly split: Split;
  readonly writer: FoldWriter;
  readonly state: EngineState<TrainingState>;
  readonly batches: AsyncIterator<HostBatch, void>;
  readonly stepsPerEpoch: number;
  /** nodules of each class to learn from, [K] */
  readonly classCounts: NdArray<'float32'>;
}

/**
 * One epoch, or the rest of it: its steps, its validation, its line in the log, its checkpoints.
 *
 * @throws {@link TrainingStoppedError} when the signal has stopped it after a step, which is saved
 */
export async function trainEpoch(
  options: FoldOptions,
  run: FoldRun,
  place: Place,
): Promise<Place> {
  const { experiment, dataset, table, program, fold, onEvent } = options;
  const { split, writer, state, stepsPerEpoch } = run;
  const { epoch } = place;
  const started = performance.now();
  const { sums, learningRate, step } = await takeSteps(options, run, place);
  const rows = await program.classifier.classify(
    state,
    { nodules: dataset.nodules, table },
    split.validation,
  );
  expectFinite(rows, 'validation', { fold, epoch, step });
  const { best: metric } = experiment.training;
  const validation = validationOf(rows, metric, {
    count: split.classes.length,
    ordered: dataset.manifest.classes.ordered,
  });
  const isBest =
    validation !== null && isBetter(validation, place.best, metric);
  const best = isBest ? { epoch, ...validation } : place.best;
  const tensors = await finiteTensors(state, { fold, epoch, step });
  const next: Place = { epoch: epoch + 1, step, best, log: null };
  if (isBest) {
    await writer.checkpoint('best', tensors, infoOf(options, next));
  }
  const metrics: EpochMetrics = {
    epoch,
    step,
    learningRate,
    ...sums.means({ steps: stepsPerEpoch, ...experiment.training }),
    validation,
    secondsPerEpoch: secondsSince(started, place.within),
  };
  const log = await writer.metrics(metrics);
  const done: Place = { ...next, log };
  // Last, so that a run which is stopped anywhere goes on from an epoch that is wholly there.
  await writer.checkpoint('last', tensors, infoOf(options, done));
  onEvent?.({ kind: 'epoch', fold, metrics, isBest });
  return done;
}

async function takeSteps(
  options: FoldOptions,
  run: FoldRun,
  place: Place,
): Promise<{ sums: EpochSums; learningRate: number; step: number }> {
  const { experiment, program, fold, onEvent, signal } = options;
  const { state, batches, stepsPerEpoch, classCounts } = run;
  const { epochs, accumulate, ema, emaWarmup, checkpointSteps } =
    experiment.training;
  const { epoch, within } = place;
  const started = performance.now();
  const rateAt = learningRateOf(
    program.schedule,
    experiment.training,
    stepsPerEpoch,
  );
  const sums = new EpochSums(within?.sums);
  let { step } = place;
  for (let i = within?.steps ?? 0; i < stepsPerEpoch; i++) {
    const ofStep = stepFields(program.model, {
      epoch,
      progress: step / (epochs * stepsPerEpoch),
    });
    for (let left = accumulate; left > 0; left--) {
      const next = await batches.next();
      if (next.done === true) {
        throw new TrainingError(
          `fold ${fold} has no batch left at step ${step} of epoch ${epoch}`,
        );
      }
      const { labels, ...batch } = next.value;
      const fields = { ...batch.fields, ...ofStep };
      const inputs = { ...batch, fields, classCounts };
      const found =
        left > 1
          ? await program.addGradients.run(state, inputs)
          : await program.step.run(state, {
              ...inputs,
              learningRate: scalar(rateAt(step)),
              averageDecay: scalar(emaDecay(step, ema, emaWarmup)),
            });
      sums.add(found, labels.data, { fold, epoch, step });
    }
    step += 1;
    onEvent?.({ kind: 'step', fold, epoch, step });
    // The end of an epoch saves by itself.
    if (i + 1 === stepsPerEpoch) break;
    const isDue = checkpointSteps !== null && step % checkpointSteps === 0;
    if (isDue || signal?.aborted === true) {
      const seconds = secondsSince(started, within);
      const part = { steps: i + 1, seconds, sums: sums.totals() };
      await saveWithin(options, run, { ...place, step, within: part });
    }
    stopIfAsked(options, { epoch, step });
  }
  return { sums, learningRate: rateAt(step - 1), step };
}

/** @throws {@link TrainingStoppedError} where the signal asks for it; what is done has to be saved by then */
export function stopIfAsked(
  { fold, signal }: Pick<FoldOptions, 'fold' | 'signal'>,
  { epoch, step }: Pick<Place, 'epoch' | 'step'>,
): void {
  if (signal?.aborted !== true) return;
  throw new TrainingStoppedError(
    step === 0
      ? `stopped before the first step of fold ${fold}`
      : `stopped in fold ${fold} after step ${step} (epoch ${epoch}), which is saved`,
    { cause: signal.reason },
  );
}

async function saveWithin(
  options: FoldOptions,
  { writer, state }: FoldRun,
  place: Place,
): Promise<void> {
  const { fold } = options;
  const tensors = await finiteTensors(state, { ...place, fold });
  await writer.checkpoint('last', tensors, infoOf(options, place));
}

async function finiteTensors(
  state: FoldRun['state'],
  at: Parameters<typeof divergedAt>[1],
): Promise<Awaited<ReturnType<typeof tensorsOf>>> {
  const tensors = await tensorsOf(state);
  const odd = notFiniteProblem(tensors);
  if (odd !== undefined) throw divergedAt(odd, at);
  return tensors;
}

function infoOf(
  { origin, fold }: FoldOptions,
  { log, ...place }: Place,
): CheckpointInfo {
  return { ...place, ...origin, fold, metrics: log };
}

function secondsSince(started: number, within: EpochPart | undefined): number {
  const before = within === undefined ? 0 : within.seconds;
  return before + (performance.now() - started) / 1000;
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
