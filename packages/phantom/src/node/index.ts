export * from './write-phantom.js';
