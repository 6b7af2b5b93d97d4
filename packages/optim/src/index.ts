export { adamw, type AdamWOptions } from './adamw.js';
export { clipNorm, type ClippedGradients } from './clip-norm.js';
export { type CosineOptions, cosineSchedule } from './cosine.js';
export { ema, emaDecay } from './ema.js';
export { HyperparameterError } from './hyperparameter.js';
export { type OneCycleOptions, oneCycleSchedule } from './one-cycle.js';
export type { Optimizer, OptimizerStep } from './optimizer.js';
export type { Schedule, ScheduledRun } from './schedule.js';
export { sgd, type SgdOptions } from './sgd.js';
export { type StepDecayOptions, stepSchedule } from './step-decay.js';
export {
  constantSchedule,
  linearWarmup,
  type WarmupOptions,
} from './warmup.js';
