export * from './feature-cache.js';
export * from './load-clip-tower.js';
