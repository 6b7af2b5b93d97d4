export * from './array-files.js';
export * from './atomic-file.js';
export * from './file-read-error.js';
export * from './file-write-error.js';
export * from './read-file.js';
export * from './system-reason.js';
