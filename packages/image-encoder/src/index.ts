export * from './image-encoder.js';
export * from './normalise.js';
export * from './resnet18.js';
