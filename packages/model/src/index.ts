export * from './attribute-names.js';
export * from './augmentations.js';
export * from './checked-modules.js';
export * from './create-optimizer.js';
export * from './errors.js';
export * from './example-inputs.js';
export * from './experiment.js';
export * from './load-text-tower.js';
export * from './model.js';
export * from './modules.js';
export * from './needs.js';
export * from './plugin.js';
export * from './presets.js';
export * from './registry.js';
export * from './resolve-experiment.js';
export * from './text-branch.js';
export * from './training-step.js';
// Plugins describe their options with it, and need no copy of their own.
export { z } from 'zod';
