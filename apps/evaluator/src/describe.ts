import type { Evaluation } from './evaluate.js';

/** Which data a figure was measured on, in words that cannot be taken for more than it is. */
export function describeData(data: Evaluation['data']): string {
  switch (data) {
    case 'phantom':
      return 'simulated nodules (phantom): these figures say nothing about patients';
    case 'lidc-idri':
      return 'LIDC-IDRI';
    case 'nodulemnist3d':
      return 'NoduleMNIST3D, made of LIDC-IDRI';
    case 'other':
      return 'a collection other than LIDC-IDRI';
  }
}

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
