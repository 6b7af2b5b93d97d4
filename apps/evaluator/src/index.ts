export * from './describe.js';
export * from './error.js';
export * from './evaluate.js';
export * from './format.js';
export * from './pool.js';
