export * from './batches.js';
export * from './errors.js';
export * from './events.js';
export * from './train-fold.js';
export * from './train-run.js';
export * from './training-program.js';
