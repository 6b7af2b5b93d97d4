export * from './check-count.js';
export * from './error.js';
export * from './nd-array.js';
export * from './npy.js';
export * from './random.js';
export * from './safetensors.js';
export * from './tree.js';
export * from './weights.js';
