export * from './array-files.js';
export * from './atomic-file.js';
export * from './file-write-error.js';
