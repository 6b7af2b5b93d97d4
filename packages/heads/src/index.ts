export * from './classifier-head.js';
export * from './linear-head.js';
export * from './ordinal-forest-head.js';
export * from './poisson-head.js';
export * from './stick-breaking-head.js';
export * from './unsure-head.js';
