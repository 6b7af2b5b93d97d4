export * from './classifier-head.js';
export * from './image-encoder.js';
export * from './linear-head.js';
export * from './normalise.js';
export * from './resnet18.js';
