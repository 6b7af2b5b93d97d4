import { readFileSync } from 'node:fs';

import { cpuEngine, onnxEngine } from '@clip-lung/engine';
import { adamw, type Optimizer, sgd } from '@clip-lung/optim';
import {
  filled,
  float32,
  leaves,
  type NdArray,
  RandomStream,
  scalar,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import { afterAll, describe, expect, it } from 'vitest';

import { smallModel } from '../test/small-model.js';
import {
  gradientStep,
  initialState,
  trainingStep,
  type TrainingState,
} from './training-step.js';

const fixture = JSON.parse(
  readFileSync(
    new URL('../fixtures/training-step.json', import.meta.url),
    'utf8',
  ),
) as Fixture;
const engines = { cpu: cpuEngine(), onnx: onnxEngine({ threads: 1 }) };
afterAll(() => engines.onnx.dispose());

describe.each(['cpu', 'onnx'] as const)('on the engine %s, a step', (name) => {
  it.each(fixture.runs)(
    'is PyTorch’s: $optimizer, gradients of $accumulate batches, clipped to $clipNorm',
    async (expected) => {
      const found = await train(engines[name], expected);
      // Six steps of float32 against float64.
      expect(largestError(found.losses, expected.losses)).toBeLessThan(1e-6);
      expect(found.norms).toHaveLength(expected.norms.length);
      expect(largestError(found.norms, expected.norms)).toBeLessThan(1e-5);
      for (const part of ['after', 'average'] as const) {
        for (const [path, { values }] of Object.entries(expected[part])) {
          const own = found[part].get(placeOf(path))?.data ?? [];
          expect(own).toHaveLength(values.length);
          expect(
            largestError(Array.from(own, Number), values),
            `${part} ${path}`,
          ).toBeLessThan(1e-5);
        }
      }
    },
  );
});

it('of three batches is that of one three times as large, without batch normalisation', async () => {
  const [together, apart] = [wholeBatches(3), { accumulate: 3 }];
  const large = await train(engines.onnx, { ...plain, ...together });
  const small = await train(engines.onnx, { ...plain, ...apart });
  expect(small.losses).toHaveLength(3 * large.losses.length);
  expect(large.norms).toHaveLength(6);
  // Sums of float32 in another order.
  expect(largestError(small.norms, large.norms)).toBeLessThan(1e-5);
  const learnt = [...large.after].filter(([path]) => /reduce|fc/.test(path));
  expect(learnt).toHaveLength(3);
  for (const [path, { data }] of learnt) {
    const own = Array.from(small.after.get(path)?.data ?? [], Number);
    expect(largestError(own, Array.from(data, Number)), path).toBeLessThan(
      1e-5,
    );
  }
});

it('of one batch has the state that it always had', () => {
  const state = initialState(
    smallModel(startTree(), { normalises: true }),
    sgd(),
    new RandomStream(1),
  );
  expect(Object.keys(state)).not.toContain('gradients');
});

it('of several batches is refused a state that is for one', async () => {
  const model = smallModel(startTree(), { normalises: true });
  const state = engines.cpu.state<TrainingState>(
    initialState(model, sgd(), new RandomStream(1)),
  );
  const add = engines.cpu.compile(gradientStep(model));
  await expect(add.run(state, batchAt(0))).rejects.toThrow(
    /the state has no gradients to add to; begin it with the same accumulate/,
  );
});

it('is clipped in some of the steps that PyTorch took, and not in others', () => {
  const [{ norms, clipNorm } = { norms: [], clipNorm: null }] = fixture.runs;
  const clipped = norms.filter((norm) => norm > (clipNorm ?? Infinity));
  expect([clipped.length > 0, clipped.length < norms.length]).toEqual([
    true,
    true,
  ]);
});

type Values = Readonly<
  Record<
    string,
    { readonly shape: readonly number[]; readonly values: readonly number[] }
  >
>;

interface Run {
  readonly optimizer: 'sgd' | 'adamw';
  readonly accumulate: number;
  readonly clipNorm: number | null;
  /** of each batch */
  readonly losses: readonly number[];
  /** of each step, where gradients are clipped */
  readonly norms: readonly number[];
  readonly after: Values;
  readonly average: Values;
}

interface Fixture {
  readonly rates: readonly number[];
  readonly decay: number;
  /** of each batch, [B · 6] */
  readonly images: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
  readonly start: Values;
  readonly runs: readonly Run[];
}

/** Where a training state has what PyTorch calls so. */
function placeOf(path: string): string {
  if (path.includes('running')) return `statistics.${path}`;
  return `params.${path.startsWith('fc') ? 'head' : 'image'}.${path}`;
}

function startTree(): {
  readonly params: Tree<NdArray<'float32'>>;
  readonly statistics: Tree<NdArray<'float32'>>;
} {
  const all = Object.entries(fixture.start).map(
    ([path, { shape, values }]) =>
      [placeOf(path), float32(shape, values)] as const,
  );
  return treeOf(all) as unknown as ReturnType<typeof startTree>;
}

/** SGD without batch normalisation. */
const plain = {
  optimizer: 'sgd',
  clipNorm: 0.5,
  accumulate: 1,
  normalises: false,
} as const;

/** The fixture's batches, so many of them as one. */
const wholeBatches = (count: number) => ({
  batchOf: (i: number) => {
    const parts = Array.from({ length: count }, (_, j) =>
      batchAt(count * i + j),
    );
    const joined = (name: 'images' | 'targets', width: number) =>
      float32(
        [parts.length * 4, width],
        parts.flatMap((part) => Array.from(part[name].data)),
      );
    return {
      images: joined('images', 6),
      targets: joined('targets', 3),
      attributeWeights: filled([parts.length * 4, 0]),
      classCounts: filled([3]),
    };
  },
});

async function train(
  engine: (typeof engines)[keyof typeof engines],
  {
    optimizer: use,
    accumulate,
    clipNorm,
    normalises = true,
    batchOf = batchAt,
  }: Pick<Run, 'optimizer' | 'accumulate' | 'clipNorm'> & {
    readonly normalises?: boolean;
    readonly batchOf?: typeof batchAt;
  },
): Promise<{
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly after: ReadonlyMap<string, NdArray>;
  readonly average: ReadonlyMap<string, NdArray>;
}> {
  const model = smallModel(startTree(), { normalises });
  const optimizer: Optimizer =
    use === 'sgd'
      ? sgd({ momentum: 0.9, weightDecay: 1e-3 })
      : adamw({ weightDecay: 0.1 });
  const state = engine.state<TrainingState>(
    initialState(model, optimizer, new RandomStream(1), { accumulate }),
  );
  const step = engine.compile(
    trainingStep(model, optimizer, { accumulate, clipNorm }),
  );
  const add = engine.compile(gradientStep(model));
  const losses: number[] = [];
  const norms: number[] = [];
  let batch = 0;
  for (const rate of fixture.rates) {
    for (let left = accumulate; left > 1; left--) {
      const { loss } = await add.run(state, batchOf(batch++));
      losses.push(Number(loss.data[0]));
    }
    const outputs = await step.run(state, {
      ...batchOf(batch++),
      learningRate: scalar(rate),
      averageDecay: scalar(fixture.decay),
    });
    losses.push(Number(outputs.loss.data[0]));
    if (outputs.gradientNorm !== undefined) {
      norms.push(Number(outputs.gradientNorm.data[0]));
    }
  }
  await step.release();
  await add.release();
  const { params, statistics, average } = await state.read();
  return {
    losses,
    norms,
    after: new Map(leaves<NdArray>({ params, statistics })),
    average: new Map(leaves<NdArray>(average)),
  };
}

/** B = 4 nodules. */
function batchAt(i: number) {
  const [labels = [], images = []] = [fixture.labels[i], fixture.images[i]];
  const targets = labels.flatMap((label) =>
    [0, 1, 2].map((k) => (k === label ? 1 : 0)),
  );
  return {
    images: float32([labels.length, 6], images),
    targets: float32([labels.length, 3], targets),
    attributeWeights: filled([labels.length, 0]),
    classCounts: filled([3]),
  };
}

/** Relative to the largest value that was expected. */
function largestError(
  found: readonly number[],
  expected: readonly number[],
): number {
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(
    0,
    ...expected.map((value, i) => Math.abs((found[i] ?? NaN) - value) / scale),
  );
}
