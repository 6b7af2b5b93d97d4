export * from './modules/heads.js';
export * from './modules/image-encoders.js';
export * from './modules/losses.js';
export * from './modules/optimizers.js';
export * from './modules/prompt-learners.js';
