import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { onnxEngine } from '@clip-lung/engine';
import {
  elementsOf,
  float32,
  leaves,
  mapTree,
  type NdArray,
  ShapeError,
  sizeOf,
  treeOf,
} from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
// tfjs-core's bundle for Node comes without gradients; this package registers them.
import '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createNaiveEncoder,
  createPromptEncoder,
  type EncoderArrays,
  type Prompt,
  type PromptEncoder,
  type PromptItem,
  randomTower,
  readTextTowerConfig,
  readTowerWeights,
  type TextTower,
} from './index.js';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

const prompt = (items: readonly PromptItem[]): Prompt => ({
  text: JSON.stringify(items),
  items,
});

/** T context vectors, and token ids behind them. */
const behind = (length: number, ids: readonly number[]): Prompt =>
  prompt([
    ...Array.from({ length }, (_, slot) => ({ slot })),
    ...ids.map((token) => ({ token })),
  ]);

const tensors = (
  arrays: EncoderArrays<NdArray<'float32'>>,
): EncoderArrays<tf.Tensor> =>
  mapTree(arrays, ({ data, shape }: NdArray<'float32'>) =>
    tf.tensor(data, [...shape]),
  );

/** Features, and the gradients of their weighted sum in the context and, if asked for, in every weight. */
function run(
  encoder: PromptEncoder,
  context: tf.Tensor3D,
  weighting: tf.Tensor,
  { ofWeights }: { readonly ofWeights: boolean },
): { features: Float32Array; gradients: ReadonlyMap<string, Float32Array> } {
  const frozen = tensors(encoder.frozen);
  const entries = ofWeights ? leaves(frozen) : [];
  const names = entries.map(([name]) => name);
  const features = (all: tf.Tensor[]): tf.Tensor3D =>
    encoder.encode(
      ofWeights
        ? (treeOf(
            names.map((name, at) => [name, all[at + 1] as tf.Tensor]),
          ) as EncoderArrays<tf.Tensor>)
        : frozen,
      all[0] as tf.Tensor3D,
    );
  const variables = [context, ...entries.map(([, tensor]) => tensor)];
  const gradients = tf.grads((...all: tf.Tensor[]) =>
    tf.sum(tf.mul(features(all), weighting)),
  )(variables);
  return {
    features: features(variables).dataSync<'float32'>(),
    gradients: new Map(
      ['context', ...names].map((name, at) => [
        name,
        (gradients[at] as tf.Tensor).dataSync<'float32'>(),
      ]),
    ),
  };
}

const engine = onnxEngine();
afterAll(() => engine.dispose());

/** Features, and the gradient of their weighted sum in the context, as one graph. */
async function traced(
  encoder: PromptEncoder,
  context: tf.Tensor3D,
  weighting: tf.Tensor,
): Promise<{ features: Float32Array; gradient: Float32Array }> {
  const compiled = engine.compile<
    Record<string, never>,
    { readonly context: tf.Tensor3D; readonly weighting: tf.Tensor3D },
    { readonly features: tf.Tensor; readonly gradient: tf.Tensor },
    EncoderArrays<tf.Tensor>
  >(
    ({ frozen, inputs }) => {
      const { value, grad } = tf.valueAndGrad((vectors: tf.Tensor) =>
        encoder.encode(frozen, vectors as tf.Tensor3D),
      )(inputs.context, inputs.weighting);
      return { outputs: { features: value, gradient: grad } };
    },
    { frozen: encoder.frozen },
  );
  const arrayOf = (tensor: tf.Tensor): NdArray<'float32'> =>
    float32(tensor.shape, tensor.dataSync<'float32'>());
  const { features, gradient } = await compiled.run(engine.state({}), {
    context: arrayOf(context),
    weighting: arrayOf(weighting),
  });
  await compiled.release();
  return {
    features: elementsOf(features, 'float32', 'features'),
    gradient: elementsOf(gradient, 'float32', 'gradient'),
  };
}

function gradientOf(
  gradients: ReadonlyMap<string, Float32Array>,
  name: string,
): Float32Array {
  const found = gradients.get(name);
  if (found === undefined) throw new Error(`there is no gradient in ${name}`);
  return found;
}

/** The largest difference as a part of the largest expected value. */
function distance(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  const largest = (values: Float32Array): number =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    largest(actual.map((value, at) => value - (expected[at] ?? NaN))) /
    largest(expected)
  );
}

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The fixtures' tower. Prompts are given as token ids, so it needs no tokenizer beyond the two special ids. */
async function fixtureTower(
  activation: 'quick_gelu' | 'gelu',
): Promise<TextTower> {
  const json = JSON.parse(
    await readFile(fixture('clip/config.json'), 'utf8'),
  ) as { bos_token_id: number; eos_token_id: number };
  const config = {
    ...readTextTowerConfig(json, 'config.json'),
    activation,
  };
  const file = fixture('clip/model.safetensors');
  const { tensors: arrays } = await readSafetensors(file);
  return {
    kind: 'clip',
    name: 'fixture',
    config,
    weights: readTowerWeights(arrays, config, file),
    tokenizer: {
      sos: json.bos_token_id,
      eot: json.eos_token_id,
      encode: () => [],
    },
    sha256: null,
  };
}

describe.each(['mixed', 'gelu', 'longest', 'class-specific', 'moved'])(
  'the tower, on %s',
  (name) => {
    const load = async () => {
      const { tensors: arrays, metadata } = await readSafetensors(
        fixture(`${name}.safetensors`),
      );
      const array = (key: string): NdArray => {
        const found = arrays.get(key);
        if (found === undefined) throw new Error(`${name} has no ${key}`);
        return found;
      };
      const tensor = (key: string): tf.Tensor =>
        tf.tensor(elementsOf(array(key), 'float32', key), [
          ...array(key).shape,
        ]);
      return {
        tower: await fixtureTower(metadata['activation'] as 'gelu'),
        prompts: (
          JSON.parse(metadata['prompts'] ?? '') as (readonly PromptItem[])[]
        ).map(prompt),
        context: tensor('context') as tf.Tensor3D,
        weighting: tensor('weighting'),
        expected: (key: string) => elementsOf(array(key), 'float32', key),
        names: [...arrays.keys()],
      };
    };

    // float32 against float64: some 2⁻²⁴ for each of the few hundred sums that one value goes through.
    const tolerance = 1e-5;

    it.each(['packed', 'naive'])(
      '%s, has the features and gradients of PyTorch',
      async (kind) => {
        const { tower, prompts, context, weighting, expected, names } =
          await load();
        const encoder =
          kind === 'packed'
            ? createPromptEncoder(tower, prompts)
            : createNaiveEncoder(tower, prompts);
        const { features, gradients } = run(encoder, context, weighting, {
          ofWeights: true,
        });
        expect(distance(features, expected('features'))).toBeLessThan(
          tolerance,
        );
        const checked = names
          .filter((key) => key.startsWith('gradient.'))
          .map((key) => key.slice('gradient.'.length));
        // Context, positions, final norm (2), projection, and 16 weights a layer: nothing was left out.
        expect(checked).toHaveLength(5 + 2 * 16);
        for (const key of checked) {
          // A constant added to all keys changes no softmax: that gradient is 0 but for rounding.
          if (key.endsWith('k_proj.bias')) continue;
          const error = distance(
            gradientOf(gradients, key === 'context' ? key : `tower.${key}`),
            expected(`gradient.${key}`),
          );
          expect(error, key).toBeLessThan(1e-4);
        }
      },
    );

    it('packed and traced, has them as well', async () => {
      const { tower, prompts, context, weighting, expected } = await load();
      const { features, gradient } = await traced(
        createPromptEncoder(tower, prompts),
        context,
        weighting,
      );
      expect(distance(features, expected('features'))).toBeLessThan(tolerance);
      expect(distance(gradient, expected('gradient.context'))).toBeLessThan(
        1e-4,
      );
    });
  },
);

describe('the exact shortcuts', () => {
  const towers = [1, 2].map((layers) =>
    randomTower({ seed: 3, width: 8, embedding: 8, layers }),
  );
  const tower = towers[1] as TextTower;

  /** Over few tokens, so that shared beginnings, prefixes of another and equal prompts are common. */
  const token = fc.integer({ min: 2, max: 4 });
  const suffixes = fc.array(fc.array(token, { maxLength: 5 }), {
    minLength: 1,
    maxLength: 6,
  });
  /** One context before everything, as most templates have it. */
  const behindContext = fc
    .tuple(suffixes, fc.integer({ min: 1, max: 4 }))
    .map(([all, length]) => all.map((ids) => behind(length, ids)));
  /** Context vectors anywhere, and prompts without any. */
  const anywhere = fc
    .array(
      fc.array(
        fc.oneof(
          token.map((id) => ({ token: id })),
          fc.integer({ min: 0, max: 3 }).map((slot) => ({ slot })),
        ),
        { maxLength: 6 },
      ),
      { minLength: 1, maxLength: 5 },
    )
    .map((all) => [...all, [{ slot: 1 }]].map(prompt));
  const sets = fc.record({
    prompts: fc.oneof(behindContext, anywhere),
    batch: fc.integer({ min: 1, max: 2 }),
    tower: fc.constantFrom(...towers),
    seed: fc.nat(),
  });

  it('change neither features nor the gradient in the context, on any set of prompts', () => {
    const options = [true, false].flatMap((sharedStart) =>
      [true, false].flatMap((lastLayerEndsOnly) =>
        [true, false].flatMap((sharedFirstLayer) =>
          [true, false].map((prefixTree) => ({
            sharedStart,
            lastLayerEndsOnly,
            sharedFirstLayer,
            prefixTree,
          })),
        ),
      ),
    );
    fc.assert(
      fc.property(sets, ({ prompts, batch, tower, seed }) => {
        tf.tidy(() => {
          const naive = createNaiveEncoder(tower, prompts);
          const context = tf.randomNormal<tf.Rank.R3>(
            [batch, naive.slots, 8],
            0,
            0.5,
            'float32',
            seed,
          );
          const weighting = tf.randomNormal(
            [batch, prompts.length, 8],
            0,
            1,
            'float32',
            seed + 1,
          );
          const reference = run(naive, context, weighting, {
            ofWeights: false,
          });
          for (const option of options) {
            const { features, gradients } = run(
              createPromptEncoder(tower, prompts, option),
              context,
              weighting,
              { ofWeights: false },
            );
            expect(distance(features, reference.features)).toBeLessThan(1e-5);
            expect(
              distance(
                gradientOf(gradients, 'context'),
                gradientOf(reference.gradients, 'context'),
              ),
            ).toBeLessThan(1e-4);
          }
        });
      }),
      { numRuns: 12 },
    );
  });

  it('are worth taking: the packed sequence is a small part of the padded ones', () => {
    const prompts = ['benign', 'unsure', 'malignant'].map((word) =>
      behind(4, tower.tokenizer.encode(`image of ${word}.`)),
    );
    const { packed } = createPromptEncoder(tower, prompts);
    // [SOS], 4 of context, image, of, and for each class its word, the full stop and [EOT].
    expect(packed.length).toBe(5 + 2 + 3 * 3);
  });
});

describe('a feed-forward layer whose rows are pages long', () => {
  const tower = randomTower({ seed: 7, width: 8, embedding: 8, layers: 2 });
  const { hidden } = tower.config;
  const units = 1024;
  /** The same tower with units that nothing listens to, up to 4096 bytes a row. */
  const wide: TextTower = {
    ...tower,
    config: { ...tower.config, hidden: units },
    weights: treeOf(
      leaves(tower.weights).map(([name, array]) => {
        const [rows = 1, columns = 1] = array.shape;
        const sized = (shape: number[], at: (i: number) => number) => {
          const length = sizeOf(shape);
          const values = Array.from({ length }, (_, i) => at(i));
          return [name, float32(shape, values)] as const;
        };
        if (name.endsWith('fc1.weight')) {
          return sized([units, columns], (i) => array.data[i] ?? Math.sin(i));
        }
        if (name.endsWith('fc1.bias')) {
          return sized([units], (i) => array.data[i] ?? Math.cos(i));
        }
        if (name.endsWith('fc2.weight')) {
          return sized([rows, units], (i) =>
            i % units < hidden
              ? (array.data[Math.floor(i / units) * hidden + (i % units)] ??
                NaN)
              : 0,
          );
        }
        return [name, array] as const;
      }),
    ),
  };
  const prompts = [[5, 6, 7], [5, 8], [9]].map((ids) => behind(2, ids));
  const context = tf.tensor3d(
    Array.from({ length: 2 * 2 * 8 }, (_, at) => Math.sin(at) / 2),
    [2, 2, 8],
  );
  const weighting = tf.tensor3d(
    Array.from({ length: 2 * 3 * 8 }, (_, at) => Math.cos(3 * at)),
    [2, 3, 8],
  );

  it('computes what its units say, with gradients of their own number', () => {
    const learn = (each: TextTower) =>
      run(createPromptEncoder(each, prompts), context, weighting, {
        ofWeights: true,
      });
    const [narrow, broad] = [learn(tower), learn(wide)];
    expect(distance(broad.features, narrow.features)).toBeLessThan(1e-6);
    for (const [name, expected] of narrow.gradients) {
      const found = gradientOf(broad.gradients, name);
      if (name.endsWith('k_proj.bias')) continue;
      if (/fc1\./.test(name)) {
        // Nothing listens to the others, so they learn nothing.
        const heard = found.subarray(0, expected.length);
        expect(distance(heard, expected), name).toBeLessThan(1e-5);
        expect(found.length).toBe((expected.length / hidden) * units);
        expect(found.subarray(expected.length).every((x) => x === 0)).toBe(
          true,
        );
      } else if (name.endsWith('fc2.weight')) {
        const rows = found.length / units;
        const heard = Float32Array.from(
          { length: rows * hidden },
          (_, i) => found[Math.floor(i / hidden) * units + (i % hidden)] ?? NaN,
        );
        expect(distance(heard, expected), name).toBeLessThan(1e-5);
      } else {
        expect(distance(found, expected), name).toBeLessThan(1e-5);
      }
    }
  });
});

describe('micro-batches', () => {
  const tower = randomTower({ seed: 5, width: 8, embedding: 8, layers: 2 });
  const prompts = [[5, 6, 7], [5, 8], [9]].map((ids) => behind(2, ids));
  const context = tf.tensor3d(
    Array.from({ length: 5 * 2 * 8 }, (_, at) => Math.sin(at) / 2),
    [5, 2, 8],
  );
  const weighting = tf.tensor3d(
    Array.from({ length: 5 * 3 * 8 }, (_, at) => Math.cos(3 * at)),
    [5, 3, 8],
  );
  const whole = run(createPromptEncoder(tower, prompts), context, weighting, {
    ofWeights: true,
  });

  it.each([1, 2, 3, 5, 8])(
    'of %d nodules change no feature and no gradient',
    (microBatch) => {
      const { features, gradients } = run(
        createPromptEncoder(tower, prompts, { microBatch }),
        context,
        weighting,
        { ofWeights: true },
      );
      expect(distance(features, whole.features)).toBeLessThan(1e-6);
      expect(gradients.size).toBe(whole.gradients.size);
      for (const [name, expected] of whole.gradients) {
        // A constant added to all keys changes no softmax: that gradient is 0 but for rounding.
        if (name.endsWith('k_proj.bias')) continue;
        const found = gradientOf(gradients, name);
        expect(distance(found, expected), name).toBeLessThan(1e-5);
      }
    },
  );

  it('change nothing in an engine that orders operations itself', async () => {
    const { features, gradient } = await traced(
      createPromptEncoder(tower, prompts, { microBatch: 2 }),
      context,
      weighting,
    );
    expect(distance(features, whole.features)).toBeLessThan(1e-5);
    expect(
      distance(gradient, gradientOf(whole.gradients, 'context')),
    ).toBeLessThan(1e-4);
  });

  it.each([0, -1, 1.5, NaN])('are not %d nodules', (microBatch) => {
    expect(() => createPromptEncoder(tower, prompts, { microBatch })).toThrow(
      /expected a whole number of at least 1/,
    );
  });
});

describe('a prompt encoder', () => {
  const tower = randomTower({ seed: 1 });
  const encoder = createPromptEncoder(tower, [behind(2, [5, 6])]);

  it('holds no table of token embeddings, only the rows it needs', () => {
    const frozen = new Map(leaves(encoder.frozen));
    expect([...frozen.keys()].join()).not.toContain('token_embedding');
    expect(frozen.get('tokens.shared')?.shape).toEqual([1, 64]);
    expect(frozen.get('tokens.own')?.shape).toEqual([3, 64]);
  });

  it('refuses a context of another shape', () => {
    expect(() =>
      encoder.encode(tensors(encoder.frozen), tf.zeros([1, 3, 64])),
    ).toThrow(ShapeError);
    expect(() =>
      encoder.encode(tensors(encoder.frozen), tf.zeros([1, 2, 32])),
    ).toThrow('take [B, 2, 64]');
  });

  it('names a weight that is missing', () => {
    expect(() =>
      encoder.encode({ tower: {}, tokens: {} }, tf.zeros([1, 2, 64])),
    ).toThrow(/have no "text_model/);
  });

  it('leaves no tensor behind', () => {
    const frozen = tensors(encoder.frozen);
    const context = tf.zeros<tf.Rank.R3>([1, 2, 64]);
    const before = tf.memory().numTensors;
    encoder.encode(frozen, context).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
