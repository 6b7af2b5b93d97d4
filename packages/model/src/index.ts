export { asRecorded } from './as-recorded.js';
export {
  type AttributeNames,
  attributeNames,
  attributesIn,
  type AttributeSet,
  namesOfAttributes,
  publishedAttributeNames,
} from './attribute-names.js';
export { augmenterOf } from './create-augmenter.js';
export { createOptimizer } from './create-optimizer.js';
export { createSchedule } from './create-schedule.js';
export { ExperimentError, issueError, moduleError } from './errors.js';
export { exampleBatch, exampleInputs } from './example-inputs.js';
export {
  type AugmentationChoice,
  defineExperiment,
  type Experiment,
  type HeadChoice,
  type ImageChoice,
  type LogitScaleOptions,
  type LossChoice,
  type OptimizerChoice,
  type PromptChoice,
  type ResolvedExperiment,
  type ScheduleChoice,
  type Targets,
  type TextChoice,
  type TrainingOptions,
} from './experiment.js';
export { learningRateOf } from './learning-rate.js';
export { loadTextTower, withTower } from './load-text-tower.js';
export {
  type Batch,
  createModel,
  type LossResult,
  type Model,
  type ModelLayer,
  type ModelOptions,
  type ModelParams,
} from './model.js';
export { builtInModules, type ModuleKind, type Modules } from './modules.js';
export { modulesWith } from './modules-with.js';
export type { HeadNeeds } from './modules/heads.js';
export type { ImageEncoderNeeds } from './modules/image-encoders.js';
export type { PromptLearnerNeeds } from './modules/prompt-learners.js';
export type { TextTowerNeeds } from './modules/text-towers.js';
export { type LossNeeds, needsOf, needsText } from './needs.js';
export {
  defineAugmentation,
  defineHead,
  defineImageEncoder,
  defineLoss,
  defineOptimizer,
  definePrompt,
  defineSchedule,
  defineTextTower,
  type Plugin,
  type PluginEntry,
} from './plugin.js';
export type { PluginChoice } from './plugin-choice.js';
export {
  isPluginFile,
  type PluginFile,
  pluginFile,
  type PluginModule,
} from './plugin-file.js';
export { type Preset, type PresetName, presets } from './presets.js';
export {
  type Choice,
  type ChoiceOf,
  type Chosen,
  type Definition,
  Registry,
} from './registry.js';
export { resolveExperiment } from './resolve-experiment.js';
export { isOfStep, type StepField } from './step-fields.js';
export type {
  TextBranch,
  TextBranchOptions,
  TextFeatures,
} from './text-branch.js';
export {
  type BatchInputs,
  gradientStep,
  initialState,
  lossAndGradients,
  type StepInputs,
  type StepOptions,
  type StepOutputs,
  type TrainingState,
  trainingStep,
} from './training-step.js';
export { withDataset } from './with-dataset.js';
// Plugins describe their options with it, and need no copy of their own.
export { z } from 'zod';
