export * from './describe.js';
export * from './evaluate.js';
export * from './format.js';
