import { fileURLToPath } from 'node:url';
import {
  elementsOf,
  filled,
  float32,
  leaves,
  type NdArray,
  RandomStream,
  ShapeError,
  treeOf,
} from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';
import { toTensors } from '@clip-lung/tensor/tfjs';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
// tfjs-core's bundle for Node comes without gradients; this package registers them.
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  channelConditionalPrompt,
  coCoOpPrompt,
  coOpPrompt,
  fixedPrompt,
} from './index.js';

const [T, D, W] = [3, 48, 20];

const initial = float32(
  [T, W],
  Array.from({ length: T * W }, (_, at) => Math.sin(at)),
);

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each([
  ['channel-conditional', channelConditionalPrompt],
  ['cocoop', coCoOpPrompt],
] as const)('%s', (name, create) => {
  const learner = create({ initial, embedding: D });

  it('has the context and gradients of PyTorch', async () => {
    const file = new URL('../fixtures/torch.safetensors', import.meta.url);
    const { tensors: arrays } = await readSafetensors(fileURLToPath(file));
    const stored = (key: string): NdArray<'float32'> => {
      const array = arrays.get(key);
      if (array?.is('float32') !== true) throw new Error(`no ${key}`);
      return array;
    };
    const tensor = (key: string): tf.Tensor => toTensors(stored(key));
    const names = leaves(learner.init(new RandomStream(0))).map(
      ([path]) => path,
    );
    const apply = (groups: tf.Tensor, params: readonly tf.Tensor[]) =>
      learner.context(
        treeOf(names.map((path, at) => [path, params[at] as tf.Tensor])),
        groups as tf.Tensor3D,
      );
    const groups = tensor('groups');
    const params = names.map((path) => tensor(`params.${path}`));
    const weighting = tensor('weighting');
    const context = apply(groups, params);
    const gradients = tf.grads((first: tf.Tensor, ...rest: tf.Tensor[]) =>
      tf.sum(tf.mul(apply(first, rest), weighting)),
    )([groups, ...params]);

    const close = (actual: tf.Tensor, key: string): void => {
      const expected = stored(key).data;
      const found = actual.dataSync<'float32'>();
      expect(found.length).toBe(expected.length);
      found.forEach((value, at) => {
        // float32 against float64, in sums of at most 48 terms of about 1.
        expect(Math.abs(value - (expected[at] ?? NaN)), key).toBeLessThan(1e-5);
      });
    };
    close(context, `${name}.context`);
    ['groups', ...names.map((path) => `params.${path}`)].forEach(
      (variable, at) => {
        close(gradients[at] as tf.Tensor, `${name}.gradient.${variable}`);
      },
    );
  });

  it('starts from the initial context and from Linears as PyTorch starts them', () => {
    const params = new Map(leaves(learner.init(new RandomStream(1))));
    expect([...params].map(([path, { shape }]) => [path, shape])).toEqual([
      ['ctx', [T, W]],
      ['meta_net.linear1.weight', [3, D]],
      ['meta_net.linear1.bias', [3]],
      ['meta_net.linear2.weight', [W, 3]],
      ['meta_net.linear2.bias', [W]],
    ]);
    expect(params.get('ctx')?.data).toEqual(initial.data);
    const spread = (path: string): number =>
      Math.max(...(params.get(path)?.data ?? []).map(Math.abs));
    // U(±1/√fan_in): within the bound, and for the larger arrays close to it.
    for (const [layer, fanIn] of [
      ['linear1', D],
      ['linear2', 3],
    ] as const) {
      const bound = fanIn ** -0.5;
      expect(spread(`meta_net.${layer}.weight`)).toBeLessThanOrEqual(bound);
      expect(spread(`meta_net.${layer}.weight`)).toBeGreaterThan(0.9 * bound);
      expect(spread(`meta_net.${layer}.bias`)).toBeLessThanOrEqual(bound);
      expect(spread(`meta_net.${layer}.bias`)).toBeGreaterThan(0);
    }
  });

  it('draws from its stream alone', () => {
    const draw = (seed: number) => leaves(learner.init(new RandomStream(seed)));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('has at least one hidden unit', () => {
    const narrow = create({ initial, embedding: 8 });
    const params = new Map(leaves(narrow.init(new RandomStream(1))));
    expect(params.get('meta_net.linear1.weight')?.shape).toEqual([1, 8]);
  });

  it('refuses features of another width', () => {
    expect(() =>
      learner.context(
        toTensors(learner.init(new RandomStream(1))),
        tf.zeros([2, T, D + 1]),
      ),
    ).toThrow(`takes [B, T, ${D}]`);
  });

  it.each([{ embedding: 0 }, { embedding: 8, reduction: 0.5 }])(
    'refuses the sizes %j',
    (sizes) => {
      expect(() => create({ initial, ...sizes })).toThrow(ShapeError);
    },
  );
});

describe('channel-conditional', () => {
  const learner = channelConditionalPrompt({ initial, embedding: D });
  const params = toTensors(learner.init(new RandomStream(1)));

  it('lets each group shift its own context vector alone', () => {
    const groups = tf.randomNormal<tf.Rank.R3>([1, T, D], 0, 1, 'float32', 1);
    const other = tf.concat(
      [
        tf.neg(tf.slice(groups, [0, 0, 0], [1, 1, D])),
        tf.slice(groups, [0, 1, 0]),
      ],
      1,
    );
    const shift = tf.sub(
      learner.context(params, groups),
      learner.context(params, other),
    );
    const moved = tf.max(tf.abs(shift), 2).arraySync() as number[][];
    expect(moved[0]?.map((most) => most > 0)).toEqual([true, false, false]);
  });

  it('refuses another number of groups than context vectors', () => {
    expect(() => learner.context(params, tf.zeros([2, T + 1, D]))).toThrow(
      /4 channel groups, the context 3 vectors/,
    );
  });
});

describe.each([
  ['coop', coOpPrompt],
  ['fixed', fixedPrompt],
] as const)('%s', (name, create) => {
  const learner = create({ initial });

  it('gives all nodules the same context, at first the initial one', () => {
    const params = toTensors(learner.init(new RandomStream(1)));
    const context = learner.context(params, tf.zeros([7, T, D]));
    expect(learner).toMatchObject({ name, conditional: false });
    expect(context.shape).toEqual([1, T, W]);
    expect(context.dataSync()).toEqual(initial.data);
  });

  it('refuses an initial context that is not [T, W]', () => {
    for (const shape of [[W], [0, W], [1, T, W]]) {
      expect(() => create({ initial: filled(shape) })).toThrow(ShapeError);
    }
  });
});

describe('what is learned', () => {
  it('is ctx in CoOp, and nothing in a fixed prompt', () => {
    expect(coOpPrompt({ initial }).init(new RandomStream(1))).toEqual({
      ctx: initial,
    });
    expect(fixedPrompt({ initial }).init(new RandomStream(1))).toEqual({});
  });

  it('does not change what the next init starts from', () => {
    const learner = coOpPrompt({ initial });
    const [first] = leaves(learner.init(new RandomStream(1)));
    first?.[1].data.fill(9);
    expect(learner.init(new RandomStream(1))).toEqual({ ctx: initial });
  });

  it('is asked for by name', () => {
    expect(() =>
      coOpPrompt({ initial }).context(
        { other: tf.zeros([1]) },
        tf.zeros([1, T, D]),
      ),
    ).toThrow('have no "ctx"; they have other');
  });
});

describe('class-specific contexts of CoOp', () => {
  const [K, contexts] = [4, 'class-specific'] as const;
  const attributes = float32(
    [T, W],
    Array.from({ length: T * W }, (_, at) => Math.cos(at)),
  );
  const groups = tf.zeros<tf.Rank.R3>([5, T, D]);

  it('are K times T vectors, and T for all attributes behind them', () => {
    const learner = coOpPrompt({ initial, contexts, classes: K, attributes });
    const params = learner.init(new RandomStream(1));
    expect(leaves(params).map(([path, { shape }]) => [path, shape])).toEqual([
      ['ctx', [K, T, W]],
      ['attribute_ctx', [T, W]],
    ]);
    const context = learner.context(toTensors(params), groups);
    expect(context.shape).toEqual([1, (K + 1) * T, W]);
    const rows = [...Array<NdArray>(K).fill(initial), attributes];
    expect([...context.dataSync()]).toEqual(
      rows.flatMap((row) => [...elementsOf(row, 'float32', 'row')]),
    );
    expect(learner.layout).toEqual({ contexts, classPosition: 'end' });
  });

  it('leave the attributes out where they take no context', () => {
    const learner = coOpPrompt({ initial, contexts, classes: K });
    const params = toTensors(learner.init(new RandomStream(1)));
    expect(Object.keys(params)).toEqual(['ctx']);
    expect(learner.context(params, groups).shape).toEqual([1, K * T, W]);
  });

  it('are learned each by itself', () => {
    const learner = coOpPrompt({ initial, contexts, classes: K, attributes });
    const { ctx, attribute_ctx } = toTensors(
      learner.init(new RandomStream(1)),
    ) as Record<string, tf.Tensor>;
    // The sum over the vectors of class 2 alone.
    const [ofClasses, ofAttributes] = tf.grads(
      (own: tf.Tensor, shared: tf.Tensor) =>
        tf.sum(
          tf.slice(
            learner.context({ ctx: own, attribute_ctx: shared }, groups),
            [0, 2 * T, 0],
            [1, T, W],
          ),
        ),
    )([ctx as tf.Tensor, attribute_ctx as tf.Tensor]);
    expect(tf.sum(ofClasses as tf.Tensor, [1, 2]).arraySync()).toEqual(
      Array.from({ length: K }, (_, k) => (k === 2 ? T * W : 0)),
    );
    expect(tf.sum(ofAttributes as tf.Tensor).arraySync()).toBe(0);
  });

  it.each([undefined, 0, 1.5])('are refused for %s classes', (classes) => {
    expect(() =>
      coOpPrompt({
        initial,
        contexts,
        ...(classes === undefined ? {} : { classes }),
      }),
    ).toThrow(ShapeError);
  });

  it('refuse a context of the attributes of another length', () => {
    expect(() =>
      coOpPrompt({
        initial,
        contexts,
        classes: K,
        attributes: filled([T + 1, W]),
      }),
    ).toThrow(`[${T + 1}, ${W}], the classes' [${T}, ${W}]`);
  });
});
