// A training as `train` does it, for the benchmark `trainer`: `node trainer-peer.mjs <folder> <what>`.
//
// `overhead`: the paper's method with a tower of ViT-B/16's size, and what of the time is not the engine's.
// `memory`: twenty epochs of a small model, and the resident memory after each.
import { join } from 'node:path';

import { datasetVersion } from '@clip-lung/data';
import { onnxEngine } from '@clip-lung/engine';
import { attributes, labels, perAttribute } from '@clip-lung/lidc';
import { resolveExperiment } from '@clip-lung/model';
import { NdArray, RandomStream } from '@clip-lung/tensor';
import { trainRun } from '@clip-lung/trainer';

import { readTower } from './prompt-task.mjs';

const [folder, what] = process.argv.slice(2);
/** 256 of them to learn from, 64 to validate, 80 to test: eight steps an epoch. */
const nodules = 400;
const folds = 5;

function dataset() {
  const random = new RandomStream(1, 'bench-trainer');
  const size = 32 ** 3;
  const crops = new Int16Array(nodules * size);
  for (let i = 0; i < crops.length; i++) {
    crops[i] = random.integer(1400) - 1000;
  }
  const perClass = Object.fromEntries(labels.map((label) => [label, 0]));
  const rows = Array.from({ length: nodules }, (_, i) => {
    const label = labels[i % labels.length];
    perClass[label] += 1;
    return {
      ...{ id: `n${i}`, patient: `p${i}`, scan: `1.2.${i}`, readers: 1 },
      ...{ x: 0, y: 0, z: 0, diameter: 8, fold: Math.floor(i / 3) % folds },
      ...{ label, malignancy: 1 + 2 * (i % 3) },
      malignancyRatings: [1 + 2 * (i % 3)],
      ratings: perAttribute(() => 1 + (i % 5)),
    };
  });
  const counts = {
    ...{ scans: nodules, annotations: nodules, xmlFiles: nodules },
    ...{ tooFewReaders: 0, leftOut: 0, unresolvedScans: 0, failedScans: 0 },
    ...{ scansWithoutImages: 0, seriesWithoutAnnotations: 0, radiographs: 0 },
    ...{ duplicates: 0, otherModalities: 0, otherFiles: 0, unreadable: 0 },
  };
  const options = { minReaders: 1, label: 'mean', margin: 1, patients: null };
  return {
    folder: 'bench',
    nodules: rows,
    crops: new NdArray('int16', [nodules, 32, 32, 32], crops),
    manifest: {
      format: 'clip-lung-dataset',
      version: datasetVersion,
      collection: 'phantom',
      source: { name: 'lidc', rule: 'pylidc', options, counts, failures: [] },
      classes: { names: [...labels], ordered: true },
      ...{ attributes: [...attributes], columns: [], warnings: [] },
      split: { kind: 'made', folds, seed: 1 },
      window: { low: -1000, high: 400 },
      crop: { size: 32, scale: 2, outside: -1000 },
      counts: { nodules, labels: perClass, patients: nodules, warnings: {} },
    },
  };
}

/** An engine that adds up what its functions take, by the names that they were compiled under. */
function timed(engine, seconds) {
  return {
    name: engine.name,
    device: engine.device,
    state: (values) => engine.state(values),
    dispose: () => engine.dispose(),
    compile(fn, options = {}) {
      const compiled = engine.compile(fn, options);
      const name = options.name ?? 'training step';
      return {
        prepare: (...given) => compiled.prepare(...given),
        release: () => compiled.release(),
        async run(...given) {
          const start = performance.now();
          try {
            return await compiled.run(...given);
          } finally {
            const before = seconds.get(name) ?? 0;
            seconds.set(name, before + (performance.now() - start) / 1000);
          }
        },
      };
    },
  };
}

const epochsOf = { overhead: 2, memory: 20 };
const experimentOf = {
  overhead: { text: { use: 'random' } },
  memory: {
    image: { use: 'resnet18', width: 8, groups: 1, embedding: 64 },
    losses: [{ use: 'cross-entropy' }],
  },
};
const seconds = new Map();
const engine = timed(onnxEngine(), seconds);
const total = () => [...seconds.values()].reduce((sum, one) => sum + one, 0);
const epochs = [];
let start = performance.now();
let before = 0;
let steps = 0;
const lap = () => {
  const now = performance.now();
  const engineSeconds = total() - before;
  const lapped = { wall: (now - start) / 1000, engine: engineSeconds };
  start = now;
  before += engineSeconds;
  return lapped;
};
const parts = [];
await trainRun({
  experiment: resolveExperiment({
    ...experimentOf[what],
    training: { epochs: epochsOf[what], batchSize: 32 },
  }),
  dataset: dataset(),
  out: join(folder, what),
  folds: [0],
  engine,
  tower: what === 'overhead' ? await readTower(folder) : null,
  software: {},
  onEvent({ kind }) {
    if (kind === 'fold-start') lap();
    if (kind === 'step') {
      steps += 1;
      parts.push({ kind, ...lap() });
    }
    if (kind === 'epoch') {
      parts.push({ kind, ...lap() });
      globalThis.gc();
      epochs.push(process.memoryUsage().rss / 2 ** 20);
      lap();
    }
    if (kind === 'fold-end') parts.push({ kind, ...lap() });
  },
});
await engine.dispose();
console.log(JSON.stringify({ steps, parts, megabytes: epochs }));
