export {
  channelConditionalPrompt,
  coCoOpPrompt,
  type ConditionalPromptOptions,
} from './conditional-prompt.js';
export type {
  ContextLayout,
  ContextOptions,
  PromptLearner,
} from './prompt-learner.js';
export {
  coOpPrompt,
  type CoOpOptions,
  fixedPrompt,
} from './unconditional-prompt.js';
