import type { OpenModel } from '@clip-lung/engine';
import { type Collection, collections } from '@clip-lung/lidc';
import { FileFormatError } from '@clip-lung/tensor';

/** Goes up when a file changes so that an older reader would misread it. */
export const classifierVersion = '2';

const texts = ['random', 'clip', 'none'] as const;

/** What an exported classifier says of itself. */
export interface ClassifierDescription {
  readonly classes: readonly string[];
  /** what it was trained on: a classifier of simulated nodules says nothing about patients */
  readonly collection: Collection;
  readonly text: (typeof texts)[number];
  readonly textModel: string;
  /** whether the file carries a digest, and is as it was written; models of earlier versions carry none */
  readonly isDigested: boolean;
}

/** @throws `FileFormatError` for a model that `classifierFile` did not make */
export function describeClassifier(
  { metadata, outputs }: OpenModel,
  file: string,
): ClassifierDescription {
  const field = (name: string): string => {
    const value = metadata.get(name);
    if (value !== undefined) return value;
    throw new FileFormatError(
      file,
      `the model's metadata lacks "${name}": it was not made by clip-lung export`,
    );
  };
  const oneOf = <T extends string>(name: string, known: readonly T[]): T => {
    const value = field(name);
    const found = known.find((one) => one === value);
    if (found !== undefined) return found;
    throw new FileFormatError(
      file,
      `the metadata's "${name}" is "${value}", expected ${known.join(', ')}`,
    );
  };
  // Version 1 carries no digest.
  const isFirst = oneOf('format_version', ['1', classifierVersion]) === '1';
  if (!isFirst && !metadata.has('sha256')) {
    throw new FileFormatError(
      file,
      "the metadata lacks the file's SHA-256: it was damaged, or changed by another program; export it again",
    );
  }
  const classes = namesIn(field('classes'), file);
  const width = outputs[0]?.shape[1];
  if (width !== classes.length) {
    throw new FileFormatError(
      file,
      `names ${classes.length} classes, but gives ${width ?? 'no'} probabilities`,
    );
  }
  return {
    classes,
    collection: oneOf('collection', collections),
    text: oneOf('text', texts),
    textModel: field('text_model'),
    isDigested: metadata.has('sha256'),
  };
}

function namesIn(text: string, file: string): readonly string[] {
  let names: unknown;
  try {
    names = JSON.parse(text);
  } catch {
    names = undefined;
  }
  if (
    Array.isArray(names) &&
    names.every((name) => typeof name === 'string') &&
    new Set(names).size === names.length
  ) {
    return names;
  }
  throw new FileFormatError(
    file,
    `the metadata's "classes" is ${text}, expected a JSON list of names that differ`,
  );
}
