import { cropScale, cropSize, lungWindow } from '@clip-lung/data';
import { exportOnnx, type OpenModel } from '@clip-lung/engine';
import { experimentDigest } from '@clip-lung/run';
import { FileFormatError } from '@clip-lung/tensor';

import { version } from './software.js';
import type { TrainedClassifier } from './trained-classifier.js';

/** Goes up when a file changes so that an older `predict` would misread it. */
const formatVersion = '2';

/** For whoever runs the model elsewhere: scaled twice, crops would be wrong without a word. */
const windowing =
  'The model does it: give HU as they are. HU below hu_window count as its low end, those above as its high end (clipped); within, they are scaled to 0..1.';

const collections = ['lidc-idri', 'phantom', 'nodulemnist3d', 'other'] as const;
const texts = ['random', 'clip', 'none'] as const;

/** What an exported classifier says of itself. */
export interface ClassifierDescription {
  readonly classes: readonly string[];
  /** what it was trained on: a classifier of simulated nodules says nothing about patients */
  readonly collection: (typeof collections)[number];
  readonly text: (typeof texts)[number];
  readonly textModel: string;
  /** whether the file carries a digest, and is as it was written; models of earlier versions carry none */
  readonly isDigested: boolean;
}

/** A trained fold as an ONNX model: `hu` [batch, 32, 32, 32] to `probabilities` [batch, K]. */
export function classifierFile(trained: TrainedClassifier): Uint8Array {
  const { classify, weights, record } = trained;
  const crop = [cropSize, cropSize, cropSize] as const;
  return exportOnnx(classify, {
    name: 'clip_lung',
    description:
      'CLIP-Lung: malignancy of a lung nodule from a crop of its CT in HU. For research only.',
    inputs: { hu: { shape: ['batch', ...crop] } },
    frozen: weights,
    producer: { name: 'clip-lung', version },
    metadata: {
      format_version: formatVersion,
      classes: JSON.stringify(record.classes),
      collection: record.data.collection,
      text: record.text,
      text_model: record.textModel,
      hu_window: JSON.stringify([lungWindow.low, lungWindow.high]),
      hu_preprocessing: windowing,
      crop: JSON.stringify({
        samples: crop,
        axes: ['z', 'y', 'x'],
        sideInDiameters: cropScale,
        sampling: 'trilinear, in the middles of 32 equal parts of each side',
      }),
      subset: record.data.subset,
      fold: String(trained.fold),
      epoch: String(trained.epoch),
      counting: 'fold and epoch are counted from 0',
      experiment_sha256: experimentDigest(record.experiment),
    },
  });
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
  const isFirst = oneOf('format_version', ['1', formatVersion]) === '1';
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
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) {
    return names;
  }
  throw new FileFormatError(
    file,
    `the metadata's "classes" is ${text}, expected a JSON list of names`,
  );
}
