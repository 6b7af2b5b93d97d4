import { fileURLToPath } from 'node:url';

import { at, float32, type NdArray } from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';

import { cpuEngine } from './cpu-engine.js';
import type { Engine } from './engine.js';
import { onnxEngine } from './onnx/runtime/onnx-engine.js';
import { tensorflowEngine } from './tensorflow/tensorflow-engine.js';

// Made by tools/reference/engine_volumes.py.
const { tensors, metadata } = await readSafetensors(
  fileURLToPath(new URL('../fixtures/volumes.safetensors', import.meta.url)),
);
const { cases: listed } = metadata;
if (listed === undefined) throw new Error('volumes.safetensors lists no cases');
const cases = Object.entries(JSON.parse(listed) as Record<string, VolumeCase>);
const engines: readonly Engine[] = [
  cpuEngine(),
  onnxEngine({ threads: 1 }),
  ...(process.env['CLIP_LUNG_TFJS_NODE'] === undefined
    ? []
    : [tensorflowEngine()]),
];
afterAll(() => Promise.all(engines.map((engine) => engine.dispose())));

describe.each(engines.map((engine) => [engine.name, engine] as const))(
  'volumes on the %s engine',
  (_, engine) => {
    it.each(cases)(
      '%s is what PyTorch gives, with its gradients',
      async (name, one) => {
        const stored = (part: string): NdArray | undefined =>
          tensors.get(`${name}.${part}`);
        const names = ['x', 'w'].filter((part) => stored(part) !== undefined);
        const inputs = Object.fromEntries(
          [...names, 'dy'].map((part) => [part, stored(part) as NdArray]),
        );
        const fn = ({
          inputs: given,
        }: {
          inputs: Record<string, tf.Tensor>;
        }) => {
          const operands = names.map((part) => given[part] as tf.Tensor);
          const gradients = tf.grads((...own) => applied(one, own))(
            operands,
            given['dy'],
          );
          return {
            outputs: Object.fromEntries([
              ['y', applied(one, operands)],
              ...gradients.map((g, i) => [`d${at(names, i)}`, g]),
            ]) as Record<string, tf.Tensor>,
          };
        };
        const found: Record<string, NdArray> = await engine
          .compile(fn)
          .run(engine.state({}), inputs);
        for (const [part, value] of Object.entries(found)) {
          expectClose(`${name}.${part}`, value, stored(part));
        }
      },
    );

    it.each<[string, (x: tf.Tensor, w: tf.Tensor) => tf.Tensor, RegExp]>([
      [
        'images for volumes',
        (x, w) =>
          tf.conv3d(
            tf.reshape<tf.Rank>(x, [4, 16]) as tf.Tensor5D,
            w as tf.Tensor5D,
            1,
            'same',
          ),
        /conv3d: input must be rank 5, but got rank 2/,
      ],
      [
        'channels first',
        (x, w) =>
          tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, 'same', 'NCDHW'),
        /conv3d: got dataFormat of NCDHW but only NDHWC is currently supported/,
      ],
      [
        'pooling with channels first',
        (x) => tf.maxPool3d(x as tf.Tensor5D, 2, 1, 'same', undefined, 'NCDHW'),
        /maxPool3d: Only NDHWC is currently supported, but got dataFormat of NCDHW/,
      ],
      [
        'dilations and strides at once',
        (x, w) =>
          tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 2, 'same', 'NDHWC', 2),
        /conv3D: Either strides or dilations must be 1/,
      ],
      [
        'another number of channels',
        (x, w) =>
          tf.conv3d(
            tf.tile(x, [1, 1, 1, 1, 3]) as tf.Tensor5D,
            w as tf.Tensor5D,
            1,
            'same',
          ),
        /conv3d: depth of input \(3\) must match input depth for filter 1/,
      ],
      [
        'a filter larger than the volume',
        (x, w) =>
          tf.conv3d(
            x as tf.Tensor5D,
            tf.tile(w, [3, 1, 1, 1, 1]) as tf.Tensor5D,
            1,
            'valid',
          ),
        /a window of \[6, 2, 2\] does not fit into a volume of \[4, 4, 4\]/,
      ],
      [
        'a pooling window larger than the volume',
        (x) => tf.avgPool3d(x as tf.Tensor5D, [2, 5, 2], 1, 'valid'),
        /a window of \[2, 5, 2\] does not fit into a volume of \[4, 4, 4\]/,
      ],
    ])('%s are refused with what is wrong', async (_what, fn, problem) => {
      const inputs = {
        x: float32([1, 4, 4, 4, 1], new Float32Array(64)),
        w: float32([2, 2, 2, 1, 1], new Float32Array(8)),
      };
      const run = engine
        .compile(
          ({
            inputs: { x, w },
          }: {
            inputs: { x: tf.Tensor; w: tf.Tensor };
          }) => ({
            outputs: { y: fn(x, w) },
          }),
        )
        .run(engine.state({}), inputs);
      await expect(run).rejects.toThrow(problem);
    });
  },
);

interface VolumeCase {
  readonly op: 'conv3d' | 'maxPool3d' | 'avgPool3d';
  readonly window?: number | [number, number, number];
  readonly strides?: number | [number, number, number];
  readonly dilations?: number | [number, number, number];
  readonly pad?: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'ceil';
}

function applied(
  {
    op,
    window = 1,
    strides = 1,
    dilations = 1,
    pad = 'valid',
    dimRoundingMode,
  }: VolumeCase,
  [x, w]: readonly tf.Tensor[],
): tf.Tensor {
  return op === 'conv3d'
    ? tf.conv3d(
        x as tf.Tensor5D,
        w as tf.Tensor5D,
        strides,
        // It takes a number, but its type does not say so.
        pad as 'same',
        'NDHWC',
        dilations,
      )
    : tf[op](x as tf.Tensor5D, window, strides, pad, dimRoundingMode);
}

/** To the rounding of float32 sums of at most some hundred products, of which the reference has none. */
function expectClose(
  name: string,
  found: NdArray,
  want: NdArray | undefined,
): void {
  expect(found.shape, name).toEqual(want?.shape);
  const expected = want?.data as Float32Array;
  const largest = expected.reduce(
    (most, value) => Math.max(most, Math.abs(value)),
    0,
  );
  const error = expected.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - Number(found.data[i]))),
    0,
  );
  expect(error / largest, name).toBeLessThan(2e-6);
}
