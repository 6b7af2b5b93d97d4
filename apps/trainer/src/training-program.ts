import type { Label } from '@clip-lung/data';
import type { CompiledFunction, Engine, EngineState } from '@clip-lung/engine';
import {
  createModel,
  initialState,
  type Model,
  optimizers,
  type ResolvedExperiment,
  type StepInputs,
  type StepOutputs,
  trainingStep,
  type TrainingState,
} from '@clip-lung/model';
import { RandomStream } from '@clip-lung/tensor';
import type { TextTower } from '@clip-lung/text-encoder';

import { Classifier } from './classify.js';

/** What a run computes with, made ready once for all of its folds. */
export interface TrainingProgram {
  readonly model: Model;
  readonly step: CompiledFunction<TrainingState, StepInputs, StepOutputs>;
  readonly classifier: Classifier;
  /** the state before the first step of a fold: a function of the seed and the fold */
  begin(fold: number): EngineState<TrainingState>;
  release(): Promise<void>;
}

/** @throws `ExperimentError` when the modules of the experiment do not fit together */
export function makeProgram(
  experiment: ResolvedExperiment,
  {
    engine,
    classes,
    tower,
  }: {
    readonly engine: Engine;
    readonly classes: readonly Label[];
    readonly tower: TextTower | null;
  },
): TrainingProgram {
  const model = createModel(experiment, { classes, tower });
  const optimizer = optimizers.create(experiment.optimizer, {}, 'training');
  const step = engine.compile(trainingStep(model, optimizer), {
    name: 'training step',
    frozen: model.frozen,
  });
  const { batchSize, seed } = experiment.training;
  const classifier = new Classifier(engine, model, batchSize);
  return {
    model,
    step,
    classifier,
    begin(fold) {
      const random = new RandomStream(seed, 'init', `fold-${fold}`);
      return engine.state<TrainingState>(
        initialState(model, optimizer, random),
      );
    },
    async release() {
      await step.release();
      await classifier.release();
    },
  };
}
