import type { Evaluation } from './evaluate.js';

/** Which text tower the classes and attributes were embedded with, in words. */
export function describeText({
  text,
  textModel,
}: Pick<Evaluation, 'text' | 'textModel'>): string {
  switch (text) {
    case 'random':
      return 'random text tower: its features mean nothing';
    case 'clip':
      return `text tower ${textModel}`;
    case 'none':
      return 'no text tower';
  }
}

/** What the nodules were classified by, in words. */
export function describeWay(by: Evaluation['by']): string {
  switch (by) {
    case 'head':
      return 'classified by the head';
    case 'texts':
      return 'classified by the texts of the classes';
  }
}
