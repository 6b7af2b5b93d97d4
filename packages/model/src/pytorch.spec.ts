import { cpuEngine, onnxEngine } from '@clip-lung/engine';
import {
  elementsOf,
  filled,
  float32,
  leaves,
  type NdArray,
  scalar,
} from '@clip-lung/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  type Arrays,
  type Fixture,
  readFixture,
  row,
  startOf,
  stored,
  told,
  towerOf,
  voxels,
} from '../test/pytorch-fixture.js';
import { resolveExperiment } from './resolve-experiment.js';
import { createOptimizer } from './create-optimizer.js';
import { createSchedule } from './create-schedule.js';
import { createModel } from './model.js';
import { learningRateOf } from './learning-rate.js';
import type { PresetName } from './presets.js';
import { trainingStep, type TrainingState } from './training-step.js';

const classes = ['benign', 'unsure', 'malignant'];
/** in the order in which the reference stacks them */
const terms = [
  'cross-entropy',
  'image-class',
  'image-attribute',
  'class-attribute',
] as const;
/** of five batches each */
const epochs = 2;
const steps = 10;

const engines = { cpu: cpuEngine(), onnx: onnxEngine({ threads: 2 }) };
afterAll(() => engines.onnx.dispose());

let file: Fixture;
let start: Arrays;
let results: Readonly<Record<PresetName, Arrays>>;

beforeAll(async () => {
  file = await readFixture('start');
  start = file.tensors;
  results = {
    paper: (await readFixture('paper')).tensors,
    'published-code': (await readFixture('published-code')).tensors,
  };
});

interface Trained {
  /** [steps][terms] */
  readonly terms: readonly (readonly number[])[];
  readonly losses: readonly number[];
  readonly logits: readonly Float32Array[];
  /** exp(logit scale) that each step began with, before its bound */
  readonly scales: readonly number[];
  /** by their names in the fixture: `after.params.…`, `average.statistics.…` */
  readonly after: Arrays;
}

async function train(
  engine: (typeof engines)[keyof typeof engines],
  preset: PresetName,
  logitScale?: NdArray<'float32'>,
): Promise<Trained> {
  const { learningRate, momentum, weightDecay, averageDecay } = told(
    file,
    'training',
  );
  const experiment = resolveExperiment({
    preset,
    image: { use: 'resnet18', width: told(file, 'sizes').width, groups: 4 },
    text: { use: 'random' },
    training: { epochs, learningRate, momentum, weightDecay },
  });
  const model = createModel(experiment, { classes, tower: towerOf(file) });
  const optimizer = createOptimizer(experiment);
  const begin = startOf(file, preset, logitScale);
  const state = engine.state<TrainingState>({
    ...begin,
    optimizer: optimizer.init(begin.params),
    average: begin,
  });
  const step = engine.compile(trainingStep(model, optimizer), {
    frozen: model.frozen,
  });
  const rate = learningRateOf(
    createSchedule(experiment),
    experiment.training,
    steps / epochs,
  );
  const labels = stored(start, 'labels');
  const [batches = 0, batch = 0] = labels.shape;
  const seen = {
    terms: [] as number[][],
    losses: [] as number[],
    logits: [] as Float32Array[],
    scales: [] as number[],
  };
  for (let i = 0; i < steps; i++) {
    const now = new Map(leaves<NdArray>(await state.read()));
    seen.scales.push(
      Math.exp(stored(now, 'params.logit_scale').data[0] ?? NaN),
    );
    const targets = new Float32Array(batch * classes.length);
    row(labels, i % batches).data.forEach((label, nodule) => {
      targets[nodule * classes.length + label] = 1;
    });
    const outputs = await step.run(state, {
      images: voxels(row(stored(start, 'crops'), i % batches)),
      targets: float32([batch, classes.length], targets),
      attributeWeights: row(
        stored(results[preset], 'attributeWeights'),
        i % batches,
      ),
      classCounts: filled([classes.length], 1),
      learningRate: scalar(rate(i)),
      averageDecay: scalar(averageDecay),
    });
    seen.terms.push(terms.map((term) => Number(outputs.terms[term]?.data[0])));
    seen.losses.push(Number(outputs.loss.data[0]));
    seen.logits.push(elementsOf(outputs.logits, 'float32', 'logits'));
  }
  await step.release();
  const { params, statistics, average } = await state.read();
  const after = leaves<NdArray>({ after: { params, statistics }, average });
  return { ...seen, after: new Map(after) };
}

/** ‖found − expected‖ / ‖reference‖, Euclidean norms over all of an array's values; the reference is what was expected. */
function relativeError(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  reference: ArrayLike<number> = expected,
): number {
  const norm = (values: ArrayLike<number>): number =>
    Math.sqrt(Array.from(values, (x) => x * x).reduce((sum, x) => sum + x, 0));
  return norm(difference(found, expected)) / norm(reference);
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  return Array.from(
    { length: Math.max(a.length, b.length) },
    (_, i) => Number(a[i]) - Number(b[i]),
  );
}

// Plain tfjs takes about ten seconds a preset, most of it for the filters' gradients.
describe.each([
  { preset: 'paper', engine: 'cpu' },
  { preset: 'paper', engine: 'onnx' },
  { preset: 'published-code', engine: 'cpu' },
  { preset: 'published-code', engine: 'onnx' },
] as const)(
  'ten steps of the preset $preset on the engine $engine, against PyTorch in float64',
  ({ preset, engine }) => {
    let found: Trained;
    let fixture: Arrays;
    beforeAll(async () => {
      fixture = results[preset];
      found = await train(engines[engine], preset);
    }, 120_000);

    it('have the same terms, loss and logits in every step', () => {
      const weights = [1, 1, 1, 0.5];
      const expected = stored(fixture, 'terms');
      for (let step = 0; step < steps; step++) {
        const at = `of step ${step}`;
        const values = row(expected, step).data;
        terms.forEach((term, i) => {
          const error = relativeError(
            [found.terms[step]?.[i] ?? NaN],
            [values[i] ?? NaN],
          );
          expect(error, `${term} ${at}`).toBeLessThan(1e-5);
        });
        const total = values.reduce(
          (sum, x, i) => sum + x * (weights[i] ?? NaN),
          0,
        );
        expect(
          relativeError([found.losses[step] ?? NaN], [total]),
          `loss ${at}`,
        ).toBeLessThan(1e-5);
        expect(
          relativeError(
            found.logits[step] ?? [],
            row(stored(fixture, 'logits'), step).data,
          ),
          `logits ${at}`,
        ).toBeLessThan(1e-4);
      }
    });

    it('end with the same parameters, statistics, and averages of both', () => {
      const expected = [...fixture.keys()].filter((key) =>
        /^(after|average)\./.test(key),
      );
      expect([...found.after.keys()].sort()).toEqual(expected.sort());
      for (const key of expected) {
        const [values, actual] = [
          stored(fixture, key).data,
          stored(found.after, key).data,
        ];
        expect(relativeError(actual, values), key).toBeLessThan(1e-4);
        // Parameters hardly move in ten steps; so the error is held against the way that they have come, too.
        const own = key.replace(/^\w+\.(params\.|statistics\.)/, '');
        const before = stored(
          start,
          key.includes('.statistics.') ? `image.${own}` : own,
        );
        const moved = difference(values, before.data);
        expect(
          relativeError(actual, values, moved),
          `the change of ${key}`,
        ).toBeLessThan(1e-3);
      }
    });
  },
);

describe('a logit scale above its bound', () => {
  it('counts as 100, and learns again once weight decay has brought it back', async () => {
    const { terms: found, scales } = await train(
      engines.onnx,
      'paper',
      scalar(told(file, 'training').highScale),
    );
    const expected = stored(results.paper, 'high.scale').data;
    expect(expected[0]).toBeCloseTo(100, 4);
    expect(scales[0]).toBeGreaterThan(100);
    expect(expected.at(-1)).toBeLessThan(90);
    expect(
      relativeError(
        scales.map((scale) => Math.min(scale, 100)),
        expected,
      ),
    ).toBeLessThan(1e-5);
    expect(
      relativeError(found.flat(), stored(results.paper, 'high.terms').data),
    ).toBeLessThan(1e-5);
  }, 60_000);
});
