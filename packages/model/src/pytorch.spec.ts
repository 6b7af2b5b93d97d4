import { fileURLToPath } from 'node:url';

import { cpuEngine, onnxEngine } from '@clip-lung/engine';
import { cosineSchedule } from '@clip-lung/optim';
import {
  filled,
  float32,
  leaves,
  type NdArray,
  scalar,
  sizeOf,
  treeOf,
} from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';
import type { TextTower } from '@clip-lung/text-encoder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { resolveExperiment } from './resolve-experiment.js';
import { createOptimizer } from './create-optimizer.js';
import { createModel } from './model.js';
import type { PresetName } from './presets.js';
import { trainingStep, type TrainingState } from './training-step.js';

/** What tools/reference/model.py wrote: see there. */
type Arrays = ReadonlyMap<string, NdArray>;

const classes = ['benign', 'unsure', 'malignant'];
/** in the order in which the reference stacks them */
const terms = [
  'cross-entropy',
  'image-class',
  'image-attribute',
  'class-attribute',
] as const;
const steps = 10;

const engines = { cpu: cpuEngine(), onnx: onnxEngine({ threads: 2 }) };
afterAll(() => engines.onnx.dispose());

const about = {
  tokens: z.object({
    words: z.record(z.string(), z.array(z.int())),
    sos: z.int(),
    eot: z.int(),
  }),
  training: z.object({
    learningRate: z.number(),
    momentum: z.number(),
    weightDecay: z.number(),
    averageDecay: z.number(),
    highScale: z.number(),
  }),
  sizes: z.object({
    width: z.int(),
    heads: z.int(),
    layers: z.int(),
    positions: z.int(),
  }),
};

let start: Arrays;
let metadata: Readonly<Record<string, string>>;
let results: Readonly<Record<PresetName, Arrays>>;

beforeAll(async () => {
  const read = (name: string): ReturnType<typeof readSafetensors> =>
    readSafetensors(
      fileURLToPath(
        new URL(`../fixtures/${name}.safetensors`, import.meta.url),
      ),
    );
  ({ tensors: start, metadata } = await read('start'));
  results = {
    paper: (await read('paper')).tensors,
    'published-code': (await read('published-code')).tensors,
  };
});

/** What the fixture says of itself. */
function told<Name extends keyof typeof about>(
  name: Name,
): z.infer<(typeof about)[Name]> {
  const value: unknown = JSON.parse(metadata[name] ?? 'null');
  return about[name].parse(value) as z.infer<(typeof about)[Name]>;
}

function stored(arrays: Arrays, name: string): NdArray<'float32'> {
  const array = arrays.get(name);
  if (array === undefined) throw new Error(`the fixture has no "${name}"`);
  return array as NdArray<'float32'>;
}

/** The arrays whose names start so, without that. */
function under(
  arrays: Arrays,
  prefix: string,
): (readonly [string, NdArray<'float32'>])[] {
  return [...arrays.keys()]
    .filter((name) => name.startsWith(prefix))
    .map((name) => [name.slice(prefix.length), stored(arrays, name)]);
}

/** Row `index` of an array's first axis. */
function row(
  { shape, data }: NdArray<'float32'>,
  index: number,
): NdArray<'float32'> {
  const own = shape.slice(1);
  const size = sizeOf(own);
  return float32(own, data.slice(index * size, (index + 1) * size));
}

/** Each of a crop's 8×8×8 values is 4×4×4 voxels: [B, 8, 8, 8] to [B, 32, 32, 32]. */
function voxels({ shape, data }: NdArray<'float32'>): NdArray<'float32'> {
  const [batch = 0] = shape;
  const coarse = (at: number): number => at % 32 >> 2;
  return float32(
    [batch, 32, 32, 32],
    Float32Array.from({ length: batch * 32 ** 3 }, (_, i) => {
      const [nodule, z, y] = [i >> 15, coarse(i >> 10), coarse(i >> 5)];
      return data[nodule * 512 + z * 64 + y * 8 + coarse(i)] ?? NaN;
    }),
  );
}

/** The fixture's tower, as a tower that was read from a file would be. */
function towerOf(): TextTower {
  const { words, sos, eot } = told('tokens');
  const { heads, layers, positions } = told('sizes');
  const table = stored(start, 'table');
  const [vocabulary = 0, width = 0] = table.shape;
  return {
    kind: 'random',
    name: 'fixture',
    config: {
      width,
      layers,
      heads,
      hidden: 4 * width,
      embedding: 64,
      positions,
      vocabulary,
      activation: 'quick_gelu',
      epsilon: 1e-5,
      projection: true,
      readAt: 'eot',
    },
    weights: treeOf([
      ...under(start, 'text.'),
      ['text_model.embeddings.token_embedding.weight', table],
    ]),
    tokenizer: {
      sos,
      eot,
      encode: (text) =>
        (text.match(/\w+|\S/g) ?? []).flatMap((word) => words[word] ?? []),
    },
    sha256: null,
  };
}

/** The fixture's start, as a training run would resume from it. */
function startingState(preset: PresetName, logitScale: number) {
  const isStatistic = (name: string): boolean => name.includes('.running_');
  const params = treeOf<NdArray<'float32'>>([
    ...[
      'image',
      'head',
      'prompt',
      ...(preset === 'published-code' ? ['text'] : []),
    ].flatMap((part) =>
      under(start, `${part}.`)
        .filter(([name]) => !isStatistic(name))
        .map(([name, array]) => [`${part}.${name}`, array] as const),
    ),
    ['logit_scale', scalar(logitScale)],
  ]);
  const statistics = treeOf(
    under(start, 'image.').filter(([name]) => isStatistic(name)),
  );
  return { params, statistics, average: { params, statistics } };
}

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
  logitScale = stored(start, 'logit_scale').data[0] ?? NaN,
): Promise<Trained> {
  const { learningRate, momentum, weightDecay, averageDecay } =
    told('training');
  const experiment = resolveExperiment({
    preset,
    image: { use: 'resnet18', width: told('sizes').width, groups: 4 },
    text: { use: 'random' },
    training: { learningRate, momentum, weightDecay },
  });
  const model = createModel(experiment, { classes, tower: towerOf() });
  const optimizer = createOptimizer(experiment);
  const begin = startingState(preset, logitScale);
  const state = engine.state<TrainingState>({
    ...begin,
    optimizer: optimizer.init(begin.params),
  });
  const step = engine.compile(trainingStep(model, optimizer), {
    frozen: model.frozen,
  });
  const rate = cosineSchedule({ base: learningRate, steps });
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
    seen.logits.push(outputs.logits.data as Float32Array);
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
      told('training').highScale,
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
