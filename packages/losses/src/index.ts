export * from './class-attribute.js';
export * from './cross-entropy.js';
export * from './error.js';
export * from './image-attribute.js';
export * from './image-class.js';
export * from './loss.js';
