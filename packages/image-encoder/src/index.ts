export * from './image-encoder.js';
export * from './normalise.js';
export * from './resnet.js';
