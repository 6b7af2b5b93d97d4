// Towers.
export type { TextTower } from './tower.js';
export type { TextTowerConfig } from './config.js';
export type { Tokenizer } from './tokenizer.js';
export { randomTower, type RandomTowerOptions } from './random-tower.js';
export { blockName, tokenEmbeddingName, towerShapes } from './tower.js';
export { PromptError, TextTowerError } from './errors.js';

// A tower's files, for programs without a file system; `loadClipTower` of `./node` reads a whole folder.
export { readTextTowerConfig, type TowerFileConfig } from './config.js';
export { readOpenClipConfig } from './open-clip-config.js';
export { readTowerWeights } from './tower-weights.js';
export { hubHostProblem } from './hub-host.js';

// Prompts with learnable context.
export {
  initialContext,
  type NamePosition,
  plainPrompt,
  type Prompt,
  type PromptItem,
  promptsFromTemplate,
  type TemplateOptions,
  type TemplatePrompts,
} from './prompts.js';
export { expectDistinctNames } from './distinct-names.js';
export { embedTokens } from './token-embeddings.js';
export type { EncodeOptions } from './encode-packed.js';
export type { EncoderArrays } from './encoder-arrays.js';
export type { PromptEncoder } from './prompt-encoder.js';
export {
  createPromptEncoder,
  type PackedPromptEncoder,
  type PromptEncoderOptions,
} from './packed-encoder.js';
export type { PackedPrompts } from './prefix-tree.js';
export { createNaiveEncoder } from './naive-encoder.js';

// Plain texts.
export {
  encodeText,
  type EncodeTextOptions,
  type TextFeatureCache,
} from './text-features.js';
export {
  zeroShotClassifier,
  type ZeroShotClassifier,
  type ZeroShotOptions,
} from './zero-shot.js';
