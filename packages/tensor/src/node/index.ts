export * from './array-files.js';
export * from './atomic-file.js';
export * from './file-digest.js';
export * from './file-read-error.js';
export * from './file-write-error.js';
export * from './own-digest.js';
export * from './read-file.js';
export * from './system-reason.js';
