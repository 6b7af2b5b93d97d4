export * from './cosine.js';
export * from './ema.js';
export * from './error.js';
export * from './optimizer.js';
export * from './sgd.js';
