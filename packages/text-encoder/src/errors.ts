import { ClipLungError } from '@clip-lung/tensor';

/** Prompts, templates or contexts that a tower cannot take. */
export class PromptError extends ClipLungError {
  readonly code = 'prompt';
}

/** A text tower that cannot be had, or that does not compute what it should. */
export class TextTowerError extends ClipLungError {
  readonly code = 'text-tower';
}
