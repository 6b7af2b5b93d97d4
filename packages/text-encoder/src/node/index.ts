export * from './load-clip-tower.js';
