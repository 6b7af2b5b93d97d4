import { fileURLToPath } from 'node:url';

import { type NdArray, ShapeError } from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
// tfjs-core's bundle for Node comes without gradients; this package registers them.
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  classAttribute,
  crossEntropy,
  imageAttribute,
  imageClass,
  type Loss,
  type LossInputs,
  MissingInputError,
} from './index.js';

// The paper's terms against loops in float64. every-loss.spec.ts compares all losses with PyTorch.

/** Every input that a gradient is taken of. */
const differentiable = [
  'logits',
  'groups',
  'classes',
  'attributes',
  'attributeWeights',
  'scale',
] as const;
type Name = (typeof differentiable)[number];

/** An array as nested lists would hold it, for plain loops. */
interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
type Case = Readonly<Record<Name, Plain>> & {
  readonly labels: readonly number[];
};

const losses: readonly Loss[] = [
  crossEntropy(),
  imageClass(),
  imageAttribute(),
  classAttribute(),
];
const cases = ['conditioned', 'shared'] as const;
const table = losses.flatMap((loss) =>
  cases.map((texts) => ({ loss, name: loss.name, texts })),
);

let fixture: ReadonlyMap<string, NdArray>;

beforeAll(async () => {
  await tf.setBackend('cpu');
  const url = new URL('../fixtures/every-loss.safetensors', import.meta.url);
  ({ tensors: fixture } = await readSafetensors(fileURLToPath(url)));
});

function stored(name: string): Plain {
  const array = fixture.get(name);
  if (array === undefined) throw new Error(`the fixture has no "${name}"`);
  return { shape: array.shape, data: Array.from(array.data, Number) };
}

function storedCase(texts: (typeof cases)[number]): Case {
  const {
    shape: [, classes = 1],
    data,
  } = stored('labels.targets');
  return {
    ...(Object.fromEntries(
      differentiable.map((name) => [name, stored(`labels.${texts}.${name}`)]),
    ) as Record<Name, Plain>),
    labels: data.flatMap((one, at) => (one === 1 ? [at % classes] : [])),
  };
}

const tensorOf = ({ shape, data }: Plain): tf.Tensor =>
  tf.tensor([...data], [...shape], 'float32');

/** Labels as rows with a single 1, [B, K]. */
const targetsOf = (labels: readonly number[], classes: number): tf.Tensor2D =>
  tf.oneHot(
    tf.tensor1d([...labels], 'int32'),
    classes,
    1,
    0,
    'float32',
  ) as tf.Tensor2D;

/** The loss and its gradients with respect to every input, on tfjs. */
function evaluate(
  loss: Loss,
  { labels, ...arrays }: Case,
): { value: number; gradients: Readonly<Record<Name, readonly number[]>> } {
  const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
    const inputs = Object.fromEntries(
      differentiable.map((name, i) => [name, tensors[i]]),
    ) as unknown as LossInputs;
    // Times 0, so that inputs which the loss does not use have gradients, too.
    const unused = tensors.map((tensor) => tf.mul(0, tf.sum(tensor)));
    return tf.add(
      loss.compute({
        ...inputs,
        targets: targetsOf(labels, arrays.logits.shape[1] ?? 0),
      }),
      tf.addN(unused),
    );
  })(differentiable.map((name) => tensorOf(arrays[name])));
  return {
    value: Number(value.dataSync()[0]),
    gradients: Object.fromEntries(
      differentiable.map((name, i) => [
        name,
        [...(grads[i]?.dataSync() ?? [])],
      ]),
    ) as Record<Name, number[]>,
  };
}

function worst(actual: readonly number[], expected: readonly number[]): number {
  expect(actual).toHaveLength(expected.length);
  return Math.max(
    ...expected.map((value, i) => Math.abs(value - (actual[i] ?? NaN))),
  );
}

/** −Σ target · log softmax(logits), in float64. */
function softCrossEntropy(
  logits: readonly number[],
  targets: readonly number[],
): number {
  const top = Math.max(...logits);
  const logSum =
    top +
    Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
  return logits.reduce(
    (sum, logit, j) => sum - (targets[j] ?? NaN) * (logit - logSum),
    0,
  );
}

/** The losses once more, from the formulas, with loops. */
function bruteForce(name: string, inputs: Case): number {
  const { labels } = inputs;
  const row = (
    { shape, data }: Plain,
    i: number,
    j: number,
  ): readonly number[] => {
    const [batch = 0, count = 0, width = 0] = shape;
    const start = ((batch === 1 ? 0 : i) * count + j) * width;
    return data.slice(start, start + width);
  };
  const matrixRow = (
    { shape: [, width = 0], data }: Plain,
    i: number,
  ): readonly number[] => data.slice(i * width, (i + 1) * width);
  const similarities = (
    feature: readonly number[],
    texts: Plain,
    i: number,
  ): number[] =>
    Array.from({ length: texts.shape[1] ?? 0 }, (_, p) =>
      row(texts, i, p).reduce(
        (sum, value, d) =>
          sum + (inputs.scale.data[0] ?? NaN) * value * (feature[d] ?? NaN),
        0,
      ),
    );
  const oneHot = (label: number): number[] =>
    Array.from({ length: inputs.logits.shape[1] ?? 0 }, (_, k) =>
      Number(k === label),
    );

  const terms: number[] = [];
  for (const [i, label] of labels.entries()) {
    const weights = matrixRow(inputs.attributeWeights, i);
    if (name === 'cross-entropy') {
      terms.push(softCrossEntropy(matrixRow(inputs.logits, i), oneHot(label)));
    } else if (name === 'class-attribute') {
      const feature = row(inputs.classes, i, label);
      terms.push(
        softCrossEntropy(similarities(feature, inputs.attributes, i), weights),
      );
    } else {
      for (let t = 0; t < (inputs.groups.shape[1] ?? 0); t++) {
        const feature = row(inputs.groups, i, t);
        terms.push(
          name === 'image-class'
            ? softCrossEntropy(
                similarities(feature, inputs.classes, i),
                oneHot(label),
              )
            : softCrossEntropy(
                similarities(feature, inputs.attributes, i),
                weights,
              ),
        );
      }
    }
  }
  return terms.reduce((sum, term) => sum + term, 0) / terms.length;
}

/** Central differences of {@link bruteForce}: in float64, so their own error is about 1e-8. */
function bruteForceGradient(loss: string, inputs: Case, name: Name): number[] {
  const step = 1e-5;
  const { shape, data } = inputs[name];
  return data.map((value, at) => {
    const [above, below] = [value + step, value - step].map((changed) =>
      bruteForce(loss, {
        ...inputs,
        [name]: { shape, data: data.with(at, changed) },
      }),
    );
    return ((above ?? NaN) - (below ?? NaN)) / (2 * step);
  });
}

/** Small random cases: sizes, whether the texts are shared, and numbers. */
const arbitraryCase = fc
  .record({
    batch: fc.integer({ min: 1, max: 4 }),
    groups: fc.integer({ min: 1, max: 3 }),
    classes: fc.integer({ min: 2, max: 4 }),
    attributes: fc.integer({ min: 2, max: 5 }),
    width: fc.integer({ min: 2, max: 5 }),
    shared: fc.boolean(),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  })
  .map(
    ({
      batch: B,
      groups: T,
      classes: K,
      attributes: M,
      width: D,
      shared,
      seed,
    }): Case => {
      const values = tf.randomUniform([400], -1, 1, 'float32', seed).dataSync();
      let at = 0;
      const next = (): number => values[at++ % values.length] ?? 0;
      const array = (...shape: number[]): Plain => ({
        shape,
        data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next),
      });
      const rows = (
        plain: Plain,
        scaled: (row: number[]) => number[],
      ): Plain => {
        const width = plain.shape.at(-1) ?? 1;
        const data = Array.from({ length: plain.data.length / width }, (_, r) =>
          scaled(plain.data.slice(r * width, (r + 1) * width)),
        ).flat();
        return { shape: plain.shape, data };
      };
      const unit = (row: number[]): number[] =>
        row.map((x) => x / Math.hypot(...row));
      const distribution = (row: number[]): number[] => {
        const exps = row.map((x) => Math.exp(3 * x));
        return exps.map((x) => x / exps.reduce((a, b) => a + b));
      };
      const texts = shared ? 1 : B;
      return {
        logits: array(B, K),
        groups: rows(array(B, T, D), unit),
        classes: rows(array(texts, K, D), unit),
        attributes: rows(array(texts, M, D), unit),
        attributeWeights: rows(array(B, M), distribution),
        scale: { shape: [], data: [10] },
        labels: Array.from(
          { length: B },
          () => Math.floor(((next() + 1) / 2) * K) % K,
        ),
      };
    },
  );

const property = (check: (inputs: Case) => void): void => {
  fc.assert(
    fc.property(arbitraryCase, (inputs) => {
      tf.tidy(() => {
        check(inputs);
      });
    }),
    { numRuns: 40 },
  );
};

describe.each(table)('$name with $texts texts', ({ loss, texts }) => {
  // Values are of order 1, scale and gradients of order 1 to 10, in float32: 1e-5 is some 20 roundings.
  it('has the value and gradients of its formula', () => {
    const inputs = storedCase(texts);
    const { value, gradients } = evaluate(loss, inputs);
    expect(worst([value], [bruteForce(loss.name, inputs)])).toBeLessThan(1e-5);
    for (const name of differentiable) {
      const expected = bruteForceGradient(loss.name, inputs, name);
      expect(worst(gradients[name], expected), name).toBeLessThan(1e-5);
    }
  });
});

describe.each(losses.map((loss) => ({ loss, name: loss.name })))(
  '$name',
  ({ loss }) => {
    it('is the formula for any sizes', () => {
      property((inputs) => {
        expect(evaluate(loss, inputs).value).toBeCloseTo(
          bruteForce(loss.name, inputs),
          4,
        );
      });
    });

    it('is not negative', () => {
      property((inputs) => {
        expect(evaluate(loss, inputs).value).toBeGreaterThanOrEqual(0);
      });
    });

    it('does not depend on the order of the batch', () => {
      property((inputs) => {
        const batch = inputs.labels.length;
        const turned = (plain: Plain): Plain => {
          if (plain.shape[0] !== batch) return plain;
          const length = plain.data.length / batch;
          return {
            shape: plain.shape,
            data: [...plain.data.slice(length), ...plain.data.slice(0, length)],
          };
        };
        const permuted: Case = {
          ...inputs,
          ...Object.fromEntries(
            differentiable
              .filter((name) => name !== 'scale')
              .map((name) => [name, turned(inputs[name])]),
          ),
          labels: [...inputs.labels.slice(1), ...inputs.labels.slice(0, 1)],
        };
        expect(evaluate(loss, permuted).value).toBeCloseTo(
          evaluate(loss, inputs).value,
          5,
        );
      });
    });

    it('gives shared texts the value, and the summed gradient, of copies for each nodule', () => {
      property((inputs) => {
        const batch = inputs.labels.length;
        const copies = ({
          shape: [first = 0, ...rest],
          data,
        }: Plain): Plain => ({
          shape: [batch, ...rest],
          data:
            first === batch
              ? data
              : Array.from({ length: batch }, () => data).flat(),
        });
        const tiled = evaluate(loss, {
          ...inputs,
          classes: copies(inputs.classes),
          attributes: copies(inputs.attributes),
        });
        const { value, gradients } = evaluate(loss, inputs);
        expect(value).toBeCloseTo(tiled.value, 5);
        for (const name of ['classes', 'attributes'] as const) {
          const { length } = inputs[name].data;
          const summed = gradients[name].map((_, at) =>
            tiled.gradients[name]
              .filter((__, i) => i % length === at)
              .reduce((a, b) => a + b, 0),
          );
          expect(worst(gradients[name], summed)).toBeLessThan(1e-4);
        }
      });
    });

    it('names the inputs that are missing', () => {
      const given = {
        logits: tf.zeros<tf.Rank.R2>([1, 2]),
        targets: targetsOf([0], 2),
        groups: tf.zeros<tf.Rank.R3>([1, 2, 3]),
      };
      if (loss.needs.length === 0) {
        expect(loss.compute(given).shape).toEqual([]);
      } else {
        expect(() => loss.compute(given)).toThrow(MissingInputError);
        expect(() => loss.compute(given)).toThrow(
          new RegExp(
            `the loss "${loss.name}" needs .*scale, which the model did not compute`,
          ),
        );
      }
    });
  },
);

describe('a softmax knows only differences', () => {
  it('so a shift of all logits has no gradient', () => {
    property((inputs) => {
      const { logits } = evaluate(crossEntropy(), inputs).gradients;
      const classes = inputs.logits.shape[1] ?? 1;
      inputs.labels.forEach((_, i) => {
        const row = logits.slice(i * classes, (i + 1) * classes);
        expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 5);
      });
    });
  });

  it.each([
    { loss: imageClass(), texts: 'classes' as const },
    { loss: imageAttribute(), texts: 'attributes' as const },
    { loss: classAttribute(), texts: 'attributes' as const },
  ])(
    'so a shift of all $texts has no gradient in $loss.name',
    ({ loss, texts }) => {
      property((inputs) => {
        const [batch = 0, count = 0, width = 0] = inputs[texts].shape;
        const gradient = evaluate(loss, inputs).gradients[texts];
        for (let i = 0; i < batch; i++) {
          for (let d = 0; d < width; d++) {
            let sum = 0;
            for (let p = 0; p < count; p++)
              sum += gradient[(i * count + p) * width + d] ?? NaN;
            expect(sum).toBeCloseTo(0, 4);
          }
        }
      });
    },
  );
});

describe('against attribute weights', () => {
  it.each([imageAttribute(), classAttribute()])(
    '$name is at least their entropy',
    (loss) => {
      property((inputs) => {
        const { data } = inputs.attributeWeights;
        const entropy =
          -data.reduce((sum, w) => sum + w * Math.log(w), 0) /
          inputs.labels.length;
        expect(evaluate(loss, inputs).value).toBeGreaterThanOrEqual(
          entropy - 1e-5,
        );
      });
    },
  );
});

it('refuses text features of another width or batch', () => {
  const compute = (...shape: [number, number, number]): tf.Scalar =>
    imageClass().compute({
      logits: tf.zeros([2, 3]),
      targets: targetsOf([0, 1], 3),
      groups: tf.zeros([2, 4, 5]),
      classes: tf.zeros(shape),
      scale: tf.scalar(1),
    });
  expect(() => compute(2, 3, 6)).toThrow(
    new ShapeError(
      'text features of shape [2, 3, 6] do not fit features of shape [2, 4, 5], expected [2 or 1, any, 5]',
    ),
  );
  expect(() => compute(3, 3, 5)).toThrow(ShapeError);
});

it('refuses targets and attribute weights that would only fit by broadcasting', () => {
  const inputs = {
    logits: tf.zeros<tf.Rank.R2>([2, 3]),
    targets: targetsOf([0], 3),
    groups: tf.zeros<tf.Rank.R3>([2, 4, 5]),
    attributes: tf.zeros<tf.Rank.R3>([1, 8, 5]),
    attributeWeights: tf.zeros<tf.Rank.R2>([2, 1]),
    scale: tf.scalar(1),
  };
  expect(() => crossEntropy().compute(inputs)).toThrow(
    new ShapeError(
      'targets of shape [1, 3] do not fit logits of shape [2, 3], expected the same first and last axis',
    ),
  );
  expect(() => imageAttribute().compute(inputs)).toThrow(
    'targets of shape [2, 1, 1] do not fit logits of shape [2, 4, 8]',
  );
});
