import { onnxEngine } from '@clip-lung/engine';
import { at, float32 } from '@clip-lung/tensor';
import { afterAll, describe, expect, it } from 'vitest';

import { difference, hu, network, stored } from '../test/torch-fixture.js';
import { ExplanationRequestError } from './errors.js';
import { createOcclusion } from './occlusion.js';

const engine = onnxEngine({ threads: 1 });
afterAll(() => engine.dispose());
const { model, weights } = network('resnet18');
const first = float32([1, 32, 32, 32], hu().data.slice(0, 32 ** 3));

describe('occlusion', () => {
  it('is the fall of the probability that PyTorch gives, and over the crop its mean over the cubes', async () => {
    const explainer = createOcclusion(engine, model, { side: 16, stride: 8 });
    const [found] = await explainer.explain(weights, {
      hu: first,
      classes: [2],
    });
    await explainer.release();
    if (found === undefined) throw new Error('nothing was found');
    const expected = stored('resnet18.occlusion');
    // Differences of probabilities of about 0.5, of which each is good to 1e-7, over falls of up to 0.014.
    expect(difference(found.map.raw, expected)).toBeLessThan(3e-5);
    expect(found.map.axes.join('')).toBe('zyx');
    for (const [z, y, x] of [
      [0, 0, 0],
      [9, 20, 31],
      [16, 15, 8],
    ] as const) {
      const falls = [0, 8, 16].flatMap((k, a) =>
        [0, 8, 16].flatMap((j, b) =>
          [0, 8, 16].flatMap((i, c) =>
            [z - k, y - j, x - i].every((away) => away >= 0 && away < 16)
              ? [at(expected.data, (a * 3 + b) * 3 + c)]
              : [],
          ),
        ),
      );
      const mean = falls.reduce((sum, fall) => sum + fall, 0) / falls.length;
      const own = at(found.map.overCrop.data, (z * 32 + y) * 32 + x);
      expect(own).toBeCloseTo(mean, 6);
    }
  });

  it('covers the whole crop where strides do not come out at its end', async () => {
    const explainer = createOcclusion(engine, model, { side: 13, stride: 11 });
    const [found] = await explainer.explain(weights, {
      hu: first,
      classes: [0],
    });
    await explainer.release();
    expect(found?.map.raw.shape).toEqual([3, 3, 3]);
    expect(found?.map.overCrop.data.every(Number.isFinite)).toBe(true);
  });

  it('finds nothing in lung alone', async () => {
    const lung = float32([1, 32, 32, 32], new Float32Array(32 ** 3).fill(-850));
    const explainer = createOcclusion(engine, model, { side: 16, stride: 16 });
    const [found] = await explainer.explain(weights, {
      hu: lung,
      classes: [1],
    });
    await explainer.release();
    expect(Math.max(...(found?.map.raw.data ?? [NaN]).map(Math.abs))).toBe(0);
  });

  it.each([
    [{ side: 33 }, 'the side of the occluding cube is 33'],
    [{ side: 4, stride: 5 }, 'the stride of the occluding cube is 5'],
    [{ filling: NaN }, 'the filling of the cube is NaN'],
  ])('refuses %j', (options, message) => {
    const create = () => createOcclusion(engine, model, options);
    expect(create).toThrow(ExplanationRequestError);
    expect(create).toThrow(message);
  });
});
