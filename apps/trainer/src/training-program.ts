import type { CompiledFunction, Engine, EngineState } from '@clip-lung/engine';
import {
  createModel,
  createOptimizer,
  createSchedule,
  exampleBatch,
  exampleInputs,
  initialState,
  gradientStep,
  type BatchInputs,
  type Model,
  type Modules,
  type ResolvedExperiment,
  type StepInputs,
  type StepOutputs,
  trainingStep,
  type TrainingState,
} from '@clip-lung/model';
import type { Schedule } from '@clip-lung/optim';
import { RandomStream } from '@clip-lung/tensor';
import type { TextTower } from '@clip-lung/text-encoder';

import { Classifier } from './classify.js';

/** What a run computes with, made ready once for all of its folds. */
export interface TrainingProgram {
  readonly model: Model;
  /** in the order of the logits */
  readonly classes: readonly string[];
  readonly step: CompiledFunction<TrainingState, StepInputs, StepOutputs>;
  /** what a step's batches go through before its last, where it has several */
  readonly addGradients: CompiledFunction<
    TrainingState,
    BatchInputs,
    StepOutputs
  >;
  /** of the learning rate */
  readonly schedule: Schedule;
  readonly classifier: Classifier;
  /** the state before the first step of a fold: a function of the seed and the fold */
  begin(fold: number): EngineState<TrainingState>;
  /**
   * Makes the first step and the first prediction ready.
   *
   * @throws `ExperimentError` for a module that gives something else than it should
   */
  prepare(): Promise<void>;
  release(): Promise<void>;
}

/** @throws `ExperimentError` when the modules of the experiment do not fit together */
export function makeProgram(
  experiment: ResolvedExperiment,
  {
    engine,
    classes,
    ordered,
    tower,
    modules,
  }: {
    readonly engine: Engine;
    readonly classes: readonly string[];
    /** whether the classes are degrees of one thing, in their order */
    readonly ordered: boolean;
    readonly tower: TextTower | null;
    readonly modules?: Modules | undefined;
  },
): TrainingProgram {
  const model = createModel(experiment, {
    classes,
    ordered,
    tower,
    modules,
  });
  const optimizer = createOptimizer(experiment, modules);
  const { batchSize, accumulate, clipNorm, seed } = experiment.training;
  const step = engine.compile(
    trainingStep(model, optimizer, { accumulate, clipNorm }),
    { name: 'training step', frozen: model.frozen },
  );
  const addGradients = engine.compile(gradientStep(model), {
    name: 'gradients of a batch',
    frozen: model.frozen,
  });
  const classifier = new Classifier(engine, model, batchSize);
  const begin = (fold: number): EngineState<TrainingState> => {
    const random = new RandomStream(seed, 'init', `fold-${fold}`);
    return engine.state<TrainingState>(
      initialState(model, optimizer, random, { accumulate }),
    );
  };
  return {
    model,
    classes,
    step,
    addGradients,
    schedule: createSchedule(experiment, modules),
    classifier,
    begin,
    async prepare() {
      const state = begin(0);
      const inputs = exampleInputs(model, batchSize);
      await step.prepare(state, inputs);
      if (accumulate > 1) {
        await addGradients.prepare(state, exampleBatch(model, batchSize));
      }
      await classifier.prepare(state, inputs);
    },
    async release() {
      await step.release();
      await addGradients.release();
      await classifier.release();
    },
  };
}
