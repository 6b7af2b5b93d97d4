export * from './image-encoder.js';
export * from './resnet.js';
