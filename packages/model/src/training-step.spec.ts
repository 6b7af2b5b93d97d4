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
  it.each(fixture.runs.filter(({ accumulate }) => accumulate === 1))(
    'is PyTorch’s: $optimizer, gradients clipped to $clipNorm',
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

async function train(
  engine: (typeof engines)[keyof typeof engines],
  { optimizer: use, clipNorm }: Pick<Run, 'optimizer' | 'clipNorm'>,
): Promise<{
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly after: ReadonlyMap<string, NdArray>;
  readonly average: ReadonlyMap<string, NdArray>;
}> {
  const model = smallModel(startTree(), { normalises: true });
  const optimizer: Optimizer =
    use === 'sgd'
      ? sgd({ momentum: 0.9, weightDecay: 1e-3 })
      : adamw({ weightDecay: 0.1 });
  const state = engine.state<TrainingState>(
    initialState(model, optimizer, new RandomStream(1)),
  );
  const step = engine.compile(trainingStep(model, optimizer, { clipNorm }));
  const losses: number[] = [];
  const norms: number[] = [];
  for (const [i, rate] of fixture.rates.entries()) {
    const outputs = await step.run(state, {
      ...batchAt(i),
      learningRate: scalar(rate),
      averageDecay: scalar(fixture.decay),
    });
    losses.push(Number(outputs.loss.data[0]));
    if (outputs.gradientNorm !== undefined) {
      norms.push(Number(outputs.gradientNorm.data[0]));
    }
  }
  await step.release();
  const { params, statistics, average } = await state.read();
  return {
    losses,
    norms,
    after: new Map(leaves<NdArray>({ params, statistics })),
    average: new Map(leaves<NdArray>(average)),
  };
}

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
