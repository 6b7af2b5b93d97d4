export * from './attribute-names.js';
export * from './errors.js';
export * from './experiment.js';
export * from './model.js';
export * from './modules.js';
export * from './registry.js';
export * from './text-branch.js';
export * from './training-step.js';
