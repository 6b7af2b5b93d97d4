export { folderFeatureCache } from './feature-cache.js';
export { type ClipTower, loadClipTower } from './load-clip-tower.js';
export type { FindOptions } from './model-folder.js';
