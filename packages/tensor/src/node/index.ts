export * from './array-files.js';
export * from './atomic-file.js';
