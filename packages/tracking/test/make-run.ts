import {
  appendMetrics,
  type EpochMetrics,
  experimentDigest,
  foldPaths,
  type RunRecord,
  writePredictions,
  writeRunRecord,
} from '@clip-lung/run';

/** A run of two folds, as `train` records it. */
const record: RunRecord = {
  formatVersion: 2,
  experiment: {
    image: { use: 'resnet18', width: 64 },
    text: { use: 'clip', model: '/home/ada/weights/clip-vit-b-16' },
    losses: [
      { use: 'cross-entropy', weight: 1 },
      { use: 'image-class', weight: 0.5 },
    ],
    augmentation: [],
    training: { epochs: 3, learningRate: 1e-3, nesterov: false, warmup: null },
  },
  data: {
    ...{ collection: 'phantom', folder: '/data/ada/lidc', nodules: 4 },
    ...{ subset: 'A', folds: 2, sha256: 'd'.repeat(64) },
  },
  ...{ text: 'clip', textModel: '/home/ada/weights/clip-vit-b-16' },
  textSha256: 'c'.repeat(64),
  classes: ['benign', 'malignant'],
  ...{ engine: 'onnx', device: 'cpu', host: 'node-7' },
  software: { node: '20.20.2' },
};

export function metricsOf(epoch: number, loss = 1 / (epoch + 3)): EpochMetrics {
  return {
    ...{ epoch, step: 10 * (epoch + 1), learningRate: 1e-3 / (epoch + 1) },
    ...{ loss, terms: { 'cross-entropy': loss / 3, 'image-class': loss / 7 } },
    trainAccuracy: 1 / 3,
    validation: { accuracy: 2 / 3, loss: 0.1 + epoch },
    ...{ secondsPerEpoch: 1.1, gradientNorm: 3e-40, note: 'no number' },
  };
}

export function begin(
  run: string,
  changed: Partial<RunRecord> = {},
): Promise<void> {
  return writeRunRecord(run, { ...record, ...changed });
}

/** Logs epochs of a fold. */
export async function train(
  run: string,
  fold: number,
  epochs: readonly number[],
  loss?: number,
): Promise<void> {
  for (const epoch of epochs) {
    await appendMetrics(foldPaths(run, fold).metrics, metricsOf(epoch, loss));
  }
}

/** Two of a fold's three test nodules are right. */
export async function test(
  run: string,
  fold: number,
  experiment: RunRecord['experiment'] = record.experiment,
): Promise<void> {
  const rows = [0, 1, 1].map((label, i) => ({
    nodule: `n${fold}-${i}`,
    patient: `p${fold}-${i}`,
    label,
    prediction: i === 2 ? 0 : label,
    probabilities: (i === 2 ? 0 : label) === 0 ? [0.75, 0.25] : [0.25, 0.75],
  }));
  await writePredictions(
    foldPaths(run, fold),
    { classes: record.classes, rows },
    {
      experimentDigest: experimentDigest(experiment),
      dataset: 'd'.repeat(64),
    },
  );
}
