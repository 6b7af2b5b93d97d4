import { FileFormatError, float32, type NdArray } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { everyEngine } from '../../test/engines.js';
import type { Engine } from '../engine.js';
import { TraceError } from '../errors.js';

const engines = everyEngine();
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

const runOn =
  (engine: Engine) =>
  (
    fn: (x: tf.Tensor) => tf.Tensor | Promise<tf.Tensor>,
  ): Promise<{ y: NdArray }> => {
    const compiled = engine.compile(
      ({ inputs }: { inputs: { x: tf.Tensor } }) => ({
        // A promise is what must be refused.
        outputs: { y: fn(inputs.x) as tf.Tensor },
      }),
      { name: 'probe' },
    );
    return compiled.run(engine.state({}), { x: float32([4], [1, 2, 3, 4]) });
  };

const traced = engines.find(({ name }) => name === 'onnx');
if (traced === undefined) throw new TypeError('there is no onnx engine');
const run = runOn(traced);

describe.each(engines)(
  'a function that depends on chance or time is refused by the $name engine',
  (engine) => {
    const run = runOn(engine);

    it.each<[string, (x: tf.Tensor) => tf.Tensor, string]>([
      [
        'tf.randomNormal',
        (x) => tf.add(x, tf.randomNormal([4])),
        'tf.randomNormal',
      ],
      [
        'tf.randomUniform',
        (x) => tf.add(x, tf.randomUniform([4])),
        'tf.randomUniform',
      ],
      [
        'tf.truncatedNormal',
        (x) => tf.add(x, tf.truncatedNormal([4])),
        'tf.truncatedNormal',
      ],
      [
        'tf.randomGamma',
        (x) => tf.add(x, tf.randomGamma([4], 1)),
        'tf.randomGamma',
      ],
      ['tf.dropout', (x) => tf.dropout(x, 0.5), 'tf.dropout'],
      [
        'tf.multinomial',
        (x) => tf.multinomial(x as tf.Tensor1D, 2),
        'tf.multinomial',
      ],
      [
        'tf.rand',
        (x) =>
          tf.add(
            x,
            tf.rand([4], () => 0.5),
          ),
        'tf.rand',
      ],
      [
        'tf.randomNormal with a seed',
        (x) => tf.add(x, tf.randomNormal([4], 0, 1, 'float32', 7)),
        'tf.randomNormal',
      ],
      [
        'tf.randomStandardNormal with a seed',
        (x) => tf.add(x, tf.randomStandardNormal([4], 'float32', 7)),
        'tf.randomStandardNormal',
      ],
      [
        'tf.randomUniform with a seed',
        (x) => tf.add(x, tf.randomUniform([4], 0, 1, 'float32', 7)),
        'tf.randomUniform',
      ],
      [
        'tf.randomUniformInt with a seed',
        (x) => tf.add(x, tf.randomUniformInt([4], 0, 9, 7)),
        'tf.randomUniformInt',
      ],
      [
        'tf.truncatedNormal with a seed',
        (x) => tf.add(x, tf.truncatedNormal([4], 0, 1, 'float32', 7)),
        'tf.truncatedNormal',
      ],
      [
        'tf.randomGamma with a seed',
        (x) => tf.add(x, tf.randomGamma([4], 1, 1, 'float32', 7)),
        'tf.randomGamma',
      ],
      [
        'tf.dropout with a seed',
        (x) => tf.dropout(x, 0.5, undefined, 7),
        'tf.dropout',
      ],
      [
        'tf.dropout with a seed, in a gradient',
        (x) =>
          tf.grad((v: tf.Tensor) => tf.sum(tf.dropout(v, 0.5, undefined, 7)))(
            x,
          ),
        'tf.dropout',
      ],
      [
        'tf.multinomial of constants with a seed',
        (x) => tf.add(x, tf.multinomial(tf.tensor1d([0.1, 0.9]), 4, 7)),
        'tf.multinomial',
      ],
      ['Math.random', (x) => tf.mul(x, Math.random()), 'Math.random()'],
      ['Date.now', (x) => tf.mul(x, Date.now()), 'Date.now()'],
      [
        'performance.now',
        (x) => tf.mul(x, performance.now()),
        'performance.now()',
      ],
    ])('%s', async (_, fn, cause) => {
      const refused = run(fn);
      await expect(refused).rejects.toThrow(TraceError);
      await expect(refused).rejects.toThrow(`probe depends on ${cause}`);
      await expect(refused).rejects.toThrow(/at \S*purity\.spec\.ts:\d+:\d+/);
    });

    it('but what draws nothing is not', async () => {
      const { y } = await run((x) => tf.dropout(x, 0));
      expect(Array.from(y.data, Number)).toEqual([1, 2, 3, 4]);
    });

    it('and chance is there again afterwards', async () => {
      await expect(run((x) => tf.dropout(x, 0.5))).rejects.toThrow(TraceError);
      expect(Math.random()).not.toBe(Math.random());
      expect(Date.now()).toBeGreaterThan(0);
      expect(performance.now()).toBeGreaterThan(0);
      expect(crypto.randomUUID()).not.toBe(crypto.randomUUID());
      expect(tf.randomUniform([2], 0, 1, 'float32', 7).shape).toEqual([2]);
    });
  },
);

describe.each(engines)(
  'a function that waits is refused by the $name engine',
  (engine) => {
    const mask = (): tf.Tensor =>
      tf.tensor1d([true, false, true, true], 'bool');

    it.each<[string, (x: tf.Tensor) => Promise<tf.Tensor>]>([
      ['tf.booleanMaskAsync', (x) => tf.booleanMaskAsync(x, mask())],
      ['tf.whereAsync', (x) => tf.whereAsync(tf.greater(x, 2))],
      [
        'tf.setdiff1dAsync',
        async (x) => (await tf.setdiff1dAsync(x, tf.tensor1d([1, 2])))[0],
      ],
      [
        'tf.inTopKAsync',
        (x) =>
          tf.inTopKAsync(
            tf.reshape(x, [2, 2]),
            tf.tensor1d([0, 1], 'int32'),
            1,
          ),
      ],
      [
        'tf.nonMaxSuppressionAsync',
        (x) =>
          tf.image.nonMaxSuppressionAsync(
            tf.reshape<tf.Rank.R2>(x, [1, 4]),
            tf.tensor1d([0.5]),
            1,
          ),
      ],
      ['data()', async (x) => tf.tensor1d(await x.data<'float32'>())],
    ])('%s', async (operation, fn) => {
      const refused = runOn(engine)(fn);
      await expect(refused).rejects.toThrow(TraceError);
      await expect(refused).rejects.toThrow(
        `probe waits for the values of a tensor, in ${operation} at `,
      );
      await expect(refused).rejects.toThrow(/purity\.spec\.ts:\d+:\d+: /);
    });

    it('also where nobody waits for it, and reading is there again afterwards', async () => {
      const heard: unknown[] = [];
      const refused = runOn(engine)((x) => {
        void x.data().then((values) => heard.push(values));
        return x;
      });
      await expect(refused).rejects.toThrow('waits for the values');
      expect([...(await tf.tensor1d([3]).data())]).toEqual([3]);
      expect(heard).toEqual([]);
    });

    it('and one that is async', async () => {
      const fn = engine.compile(
        (async ({ inputs }: { inputs: { x: tf.Tensor } }) =>
          Promise.reject(new Error(String(inputs.x.size)))) as never,
        { name: 'probe' },
      );
      await expect(
        fn.run(engine.state({}) as never, { x: float32([1], [1]) }),
      ).rejects.toThrow('probe gives a promise');
    });
  },
);

it.each<[string, (x: tf.Tensor) => tf.Tensor]>([
  ['dataSync', (x) => tf.mul(x, x.dataSync()[0] ?? 0)],
  ['arraySync', (x) => tf.tensor(tf.neg(x).arraySync())],
  ['a branch', (x) => (tf.sum(x).dataSync()[0] === 0 ? x : tf.neg(x))],
])('reading a value is refused, with its line: %s', async (_, fn) => {
  const refused = run(fn);
  await expect(refused).rejects.toThrow(TraceError);
  await expect(refused).rejects.toThrow(
    /reads the value of a tensor .* at \S*purity\.spec\.ts:\d+:\d+ that is known only/,
  );
});

it('an unsupported kernel is named with its operation and the line that called it', async () => {
  const refused = run((x) =>
    tf.localResponseNormalization(tf.reshape<tf.Rank.R3>(x, [1, 1, 4])),
  );
  await expect(refused).rejects.toThrow(TraceError);
  await expect(refused).rejects.toThrow(
    /probe uses the tfjs kernel LRN of tf\.localResponseNormalization at \S*purity\.spec\.ts:\d+:\d+, which is not traced/,
  );
});

it('keeps what a caller has put in front of that', async () => {
  const refused = run((x) => {
    try {
      return tf.localResponseNormalization(
        tf.reshape<tf.Rank.R3>(x, [1, 1, 4]),
      );
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(`losses[1]: ${message}`, { cause });
    }
  });
  await expect(refused).rejects.toThrow(TraceError);
  await expect(refused).rejects.toThrow(
    /^losses\[1\]: probe uses the tfjs kernel LRN of tf\.localResponseNormalization at \S*purity\.spec\.ts:\d+:\d+, which is not traced/,
  );
});

it('keeps the class of an error that a caller makes of it, and errors of the program itself', async () => {
  const wrapped = run((x) => {
    try {
      return tf.matMul(tf.reshape(x, [2, 2]), tf.ones([3, 2]));
    } catch (cause) {
      const { message } = cause as Error;
      throw new FileFormatError('losses[1]', message, { cause });
    }
  });
  await expect(wrapped).rejects.toThrow(FileFormatError);
  await expect(wrapped).rejects.toThrow(
    /^losses\[1\]: probe, in tf\.matMul at \S*purity\.spec\.ts:\d+:\d+: /,
  );
  const own = run(() => {
    throw new RangeError('nothing to add up');
  });
  await expect(own).rejects.toThrow(RangeError);
  await expect(own).rejects.toThrow(/^nothing to add up$/);
});

it('so it is inside tf.grad', async () => {
  const refused = run((x) =>
    tf.grad((input: tf.Tensor) =>
      tf.sum(
        tf.localResponseNormalization(
          tf.reshape<tf.Rank.R4>(input, [1, 2, 2, 1]),
        ),
      ),
    )(x),
  );
  await expect(refused).rejects.toThrow(
    /kernel LRN of tf\.localResponseNormalization at/,
  );
});

describe.each(engines)('the $name engine names, with its line,', (engine) => {
  it('a gradient that tfjs does not have', async () => {
    await expect(
      runOn(engine)((x) =>
        tf.grad((v: tf.Tensor) => tf.sum(tf.topk(v, 2).values))(x),
      ),
    ).rejects.toThrow(
      /probe asks for the gradient of the tfjs kernel TopK at \S*purity\.spec\.ts:\d+:\d+, which tfjs does not have/,
    );
  });

  it.each<[string, string, (x: tf.Tensor) => tf.Tensor]>([
    ['Add of tf.add', 'bool', (x) => tf.add(tf.greater(x, 1), tf.less(x, 3))],
    [
      'Add of tf.add',
      'bool',
      () => tf.add(tf.tensor1d([true]), tf.tensor1d([true])),
    ],
    ['Atan of tf.atan', 'int32', (x) => tf.atan(tf.cast(x, 'int32'))],
    [
      'MaxPool of tf.maxPool',
      'int32',
      (x) =>
        tf.maxPool(
          tf.cast(tf.reshape<tf.Rank.R4>(x, [1, 2, 2, 1]), 'int32'),
          2,
          2,
          0,
        ),
    ],
    [
      'BatchMatMul of tf.matMul',
      'bool',
      (x) => {
        const truths = tf.reshape(tf.greater(x, 1), [2, 2]);
        return tf.matMul(truths, truths);
      },
    ],
    [
      'Concat of tf.concat',
      'int32',
      (x) => tf.concat([tf.cast(x, 'int32'), x]),
    ],
  ])('a type that %s does not compute: %s', async (kernel, type, fn) => {
    const refused = runOn(engine)(fn);
    await expect(refused).rejects.toThrow(TraceError);
    await expect(refused).rejects.toThrow(
      `probe uses the tfjs kernel ${kernel} at `,
    );
    await expect(refused).rejects.toThrow(
      new RegExp(
        `purity\\.spec\\.ts:\\d+:\\d+ with .*${type}.*; convert with tf\\.cast first`,
      ),
    );
  });
});
