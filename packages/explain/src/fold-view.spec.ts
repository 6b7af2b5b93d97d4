import { onnxEngine } from '@clip-lung/engine';
import { type Weights, windowedImages } from '@clip-lung/inference';
import type { ModelParams } from '@clip-lung/model';
import { float32, ShapeError } from '@clip-lung/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { hu, network } from '../test/torch-fixture.js';
import { foldView } from './fold-view.js';

describe('a view of several maps, folded', () => {
  it('has at each place the mean of what lies there', () => {
    const map = float32(
      [2, 4],
      Array.from({ length: 8 }, (_, i) => i),
    );
    expect(foldView(map, [2, 2])).toEqual(float32([2, 2], [2, 3, 4, 5]));
    expect(foldView(map, [2, 4])).toEqual(map);
  });

  it('refuses a map that holds no whole number of them', () => {
    expect(() => foldView(float32([1, 3], [1, 2, 3]), [2, 2])).toThrow(
      ShapeError,
    );
  });

  // The 8×8 feature maps do not lie over the image as they are: which of their values change with one place of the last stage?
  it('finds the places of the last stage in the feature maps', async () => {
    const { model, weights } = network('resnet18');
    const engine = onnxEngine({ threads: 1 });
    const compiled = engine.compile<
      Weights,
      { readonly hu: tf.Tensor; readonly mask: tf.Tensor },
      { readonly change: tf.Tensor }
    >(
      ({ state: { params, statistics }, inputs }) => {
        const featuresWith = (change: (output: tf.Tensor) => tf.Tensor) => {
          const seen: tf.Tensor[] = [];
          model.predict(
            params as unknown as ModelParams,
            statistics,
            windowedImages(inputs.hu),
            (name, output) => {
              if (name === 'features') seen.push(output);
              return name === 'layer4' ? change(output) : output;
            },
          );
          return seen[0] as tf.Tensor;
        };
        const difference = tf.sub(
          featuresWith((output) => tf.add(output, inputs.mask)),
          featuresWith((output) => output),
        );
        return { outputs: { change: tf.sum(tf.abs(difference), [0, 3]) } };
      },
      { name: 'places' },
    );
    for (const place of [0, 6, 9, 15]) {
      const mask = float32([1, 4, 4, 1], new Float32Array(16));
      mask.data[place] = 1;
      const { change } = await compiled.run(engine.state<Weights>(weights), {
        hu: hu(),
        mask,
      });
      const folded = foldView(change as ReturnType<typeof hu>, [4, 4]);
      const changed = [...folded.data].flatMap((value, i) =>
        value > 1e-6 ? [i] : [],
      );
      expect(changed).toEqual([place]);
    }
    await engine.dispose();
  });
});
