export * from './inspect-folder.js';
export * from './list-files.js';
export * from './prepare-dataset.js';
export type { PrepareOptions } from './prepare-options.js';
export * from './read-annotations.js';
export * from './read-crop.js';
export * from './read-dataset.js';
export * from './series-index.js';
export * from './slice-file.js';
