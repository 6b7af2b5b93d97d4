import { float32, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { everyEngine } from '../../test/engines.js';
import { TraceError } from '../errors.js';

const engines = everyEngine();
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

const x = float32([2], [1, 2]);

describe.each(engines)(
  'what a function gives on the $name engine',
  (engine) => {
    const run = (
      fn: (given: {
        state: { w: tf.Tensor };
        inputs: { x: tf.Tensor };
      }) => unknown,
    ) =>
      engine
        .compile(fn as never, { name: 'probe' })
        .run(engine.state({ w: x }), { x });

    it.each<[string, (x: tf.Tensor) => unknown, string]>([
      ['nothing', () => undefined, 'probe gives nothing, expected { outputs }'],
      [
        'a tensor',
        (v) => v,
        'probe gives a tfjs tensor (float32 [2]), without outputs',
      ],
      ['an array', (v) => [v], 'probe gives a plain array of 1, expected'],
      [
        'no outputs',
        (v) => ({ y: v }),
        'probe gives an object with the keys y, without outputs',
      ],
      [
        'a list of outputs',
        (v) => ({ outputs: [v] }),
        'probe gives a plain array of 1 for outputs,',
      ],
      [
        'a number',
        () => ({ outputs: { y: 3 } }),
        'probe gives the number 3 for outputs.y, expected a tfjs tensor',
      ],
      [
        'a missing output',
        () => ({ outputs: { y: undefined } }),
        'probe gives nothing for outputs.y',
      ],
      [
        'null for outputs',
        () => ({ outputs: null }),
        'probe gives null for outputs,',
      ],
      [
        'an array of the host',
        () => ({ outputs: { y: x } }),
        'probe gives an array (float32 [2]) for outputs.y',
      ],
      [
        'a number in its state',
        () => ({ outputs: {}, state: { w: 1 } }),
        'probe gives the number 1 for state.w',
      ],
      [
        'its state under another name',
        (v) => ({ outputs: {}, states: { w: v } }),
        'probe gives "states" besides its outputs',
      ],
      [
        'a tensor that it disposed of',
        (v) => {
          const y = tf.mul(v, 2);
          y.dispose();
          return { outputs: { y } };
        },
        'expected a tfjs tensor that was not disposed',
      ],
      [
        'a promise',
        (v) => Promise.resolve({ outputs: { v } }),
        'probe gives a promise',
      ],
      [
        'a promise of its own',
        (v) => ({ outputs: { y: Promise.resolve(v) } }),
        'probe gives a promise for outputs.y',
      ],
    ])('is not %s', async (_, give, message) => {
      const refused = run(({ inputs }) => give(inputs.x));
      await expect(refused).rejects.toThrow(TraceError);
      await expect(refused).rejects.toThrow(message);
    });

    it('keeps the types of its state', async () => {
      const refused = run(({ state }) => ({
        outputs: {},
        state: { w: tf.cast(state.w, 'int32') },
      }));
      await expect(refused).rejects.toThrow(ShapeError);
      await expect(refused).rejects.toThrow(
        'probe changes "w" from float32 [2] to int32 [2]',
      );
    });

    it('has no complex numbers and no texts', async () => {
      await expect(
        run(({ inputs }) => ({
          outputs: { y: tf.complex(inputs.x, inputs.x) },
        })),
      ).rejects.toThrow(/complex/i);
      await expect(
        run(() => ({ outputs: { y: tf.tensor1d(['a']) } })),
      ).rejects.toThrow(/type string/);
    });
  },
);
