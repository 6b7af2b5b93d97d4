import { fileURLToPath } from 'node:url';

import { float32, type NdArray } from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';
import { toTensors } from '@clip-lung/tensor/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
// tfjs-core's bundle for Node comes without gradients; this package registers them.
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  classAttribute,
  classBalanced,
  costSensitive,
  crossEntropy,
  focal,
  imageAttribute,
  imageClass,
  type Loss,
  type LossInputs,
  ordinalCrossEntropy,
} from './index.js';

/** Each loss with its options, by its name in the fixture. */
const losses: Readonly<Record<string, Loss>> = {
  'cross-entropy': crossEntropy(),
  'focal 2': focal(),
  'focal 0.5': focal({ gamma: 0.5 }),
  'class-balanced 0.999': classBalanced(),
  'class-balanced 0.9 2': classBalanced({ beta: 0.9, gamma: 2 }),
  'cost-sensitive': costSensitive(),
  'cost-sensitive 1 2 3': costSensitive({ costs: [1, 2, 3] }),
  'ordinal-cross-entropy': ordinalCrossEntropy(),
  'image-class': imageClass(),
  'image-class first-groups': imageClass({ targets: 'first-groups' }),
  'image-attribute': imageAttribute(),
  'image-attribute published-code': imageAttribute({ form: 'published-code' }),
  'class-attribute': classAttribute(),
  'class-attribute published-code': classAttribute({ form: 'published-code' }),
};
const names = Object.keys(losses);

/** Every input that a gradient is taken of. */
const differentiable = [
  'logits',
  'groups',
  'classes',
  'attributes',
  'attributeWeights',
  'scale',
] as const;

let fixture: ReadonlyMap<string, NdArray>;

beforeAll(async () => {
  await tf.setBackend('cpu');
  const url = new URL('../fixtures/every-loss.safetensors', import.meta.url);
  ({ tensors: fixture } = await readSafetensors(fileURLToPath(url)));
});

function stored(name: string): tf.Tensor {
  const array = fixture.get(name);
  if (array === undefined) throw new Error(`the fixture has no "${name}"`);
  // Some are float64, which tfjs does not have.
  return toTensors(float32(array.shape, Array.from(array.data, Number)));
}

/** The inputs of a case, with gradients' subjects in the order of {@link differentiable}. */
function inputsOf(
  texts: string,
  targets: tf.Tensor,
  subjects: readonly tf.Tensor[] = subjectsOf(texts),
): LossInputs {
  return {
    ...Object.fromEntries(differentiable.map((name, i) => [name, subjects[i]])),
    targets,
    classCounts: stored('classCounts'),
  } as unknown as LossInputs;
}

const subjectsOf = (texts: string): tf.Tensor[] =>
  differentiable.map((name) => stored(`${texts}.${name}`));

function worst(found: tf.Tensor, expected: tf.Tensor): number {
  expect(found.shape).toEqual(expected.shape);
  return tf.max(tf.abs(tf.sub(found, expected))).arraySync() as number;
}

describe.each(names)('%s', (name) => {
  const loss = losses[name] as Loss;

  // Values and gradients are of order 1 to 10, in float32: 2e-5 is some 20 roundings.
  it.each([
    { targets: 'labels', texts: 'conditioned' },
    { targets: 'labels', texts: 'shared' },
    { targets: 'votes', texts: 'conditioned' },
    { targets: 'votes', texts: 'shared' },
  ])(
    'has PyTorch’s value and gradients, for $targets and $texts texts',
    ({ targets, texts }) => {
      const prefix = `${targets}.${texts}`;
      const { value, grads } = tf.valueAndGrads((...subjects: tf.Tensor[]) =>
        // Times 0, so that inputs which the loss does not use have gradients, too.
        tf.add(
          loss.compute(
            inputsOf(prefix, stored(`${targets}.targets`), subjects),
          ),
          tf.addN(subjects.map((subject) => tf.mul(0, tf.sum(subject)))),
        ),
      )(subjectsOf(prefix));
      expect(worst(value, stored(`${prefix}.${name}`))).toBeLessThan(2e-5);
      differentiable.forEach((subject, i) => {
        const path = `${prefix}.${name}.${subject}`;
        const gradient = grads[i] as tf.Tensor;
        const expected = fixture.has(path)
          ? stored(path)
          : tf.zerosLike(gradient);
        expect(worst(gradient, expected), subject).toBeLessThan(2e-5);
      });
    },
  );

  it('against a mixture of targets is the mixture of its values', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, (lambda) => {
        tf.tidy(() => {
          const [hard, soft] = [
            stored('labels.targets'),
            stored('votes.targets'),
          ];
          const mixed = tf.add(tf.mul(hard, lambda), tf.mul(soft, 1 - lambda));
          const [ofHard = NaN, ofSoft = NaN, ofMixed = NaN] = [
            hard,
            soft,
            mixed,
          ].map((targets) =>
            loss.compute(inputsOf('votes.conditioned', targets)).arraySync(),
          );
          const expected = lambda * ofHard + (1 - lambda) * ofSoft;
          expect(Math.abs(ofMixed - expected)).toBeLessThan(2e-5);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('is finite, and so are its gradients, where all is certain and wrong', () => {
    const targets = stored('labels.targets');
    const subjects = subjectsOf('labels.conditioned');
    subjects[0] = tf.mul(tf.sub(0.5, targets), 400);
    const grads = tf.grads((...given) =>
      tf.add(
        loss.compute(inputsOf('labels.conditioned', targets, given)),
        tf.addN(given.map((one) => tf.mul(0, tf.sum(one)))),
      ),
    )(subjects);
    const finite = grads.every((grad) =>
      grad.dataSync().every((x: number) => Number.isFinite(x)),
    );
    expect(finite).toBe(true);
  });
});

it('all of the fixture is compared', () => {
  const compared = new Set(names);
  const found = [...fixture.keys()]
    .map(
      (key) =>
        /^(?:labels|votes)\.\w+\.([a-z]+-.*?|focal .*?)(?:\.[a-zA-Z]+)?$/.exec(
          key,
        )?.[1],
    )
    .filter((name) => name !== undefined);
  expect(new Set(found)).toEqual(compared);
});
