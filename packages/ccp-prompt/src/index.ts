export * from './conditional-prompt.js';
export * from './meta-net.js';
export * from './prompt-learner.js';
export * from './unconditional-prompt.js';
