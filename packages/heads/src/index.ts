export * from './classifier-head.js';
export * from './linear-head.js';
