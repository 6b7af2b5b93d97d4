import { cpuEngine, onnxEngine } from '@clip-lung/engine';
import { float32 } from '@clip-lung/tensor';
import { afterAll, describe, expect, it } from 'vitest';

import {
  classes,
  difference,
  hu,
  network,
  type Network,
  stored,
} from '../test/torch-fixture.js';
import { type CamMethod, createCam, layerOf } from './cam.js';
import { ExplanationRequestError } from './errors.js';

const engine = onnxEngine({ threads: 1 });
afterAll(() => engine.dispose());

const layers = {
  resnet18: ['layer1', 'layer3', 'layer4', 'features'],
  'resnet18-3d': ['layer3', 'layer4', 'features'],
} as const satisfies Record<Network, readonly string[]>;
const methods = ['grad-cam', 'grad-cam++'] as const;

const cases = Object.entries(layers).flatMap(([name, own]) =>
  own.flatMap((layer) =>
    methods.map((method) => [name as Network, layer, method] as const),
  ),
);

describe('a class activation map', () => {
  it.each(cases)(
    'of %s, %s, is that of PyTorch by %s',
    async (name, layer, method) => {
      const { model, weights } = network(name);
      const cam = createCam(engine, model, { method, layer });
      const results = await cam.explain(weights, { hu: hu(), classes });
      await cam.release();
      const expected = stored(`${name}.${layer}.${method}`);
      const logits = stored(`${name}.logits`);
      // Of both crops at once: one of them has no heat in one of the layers.
      const maps = results.flatMap(({ map }) => [...map.raw.data]);
      const found = float32(expected.shape, maps);
      expect(difference(found, expected)).toBeLessThan(1e-5);
      const own = results.flatMap((result) => result.logits);
      expect(difference(float32([2, 3], own), logits)).toBeLessThan(1e-5);
    },
  );

  it('is the same on the plain engine', async () => {
    const { model, weights } = network('resnet18');
    const plain = cpuEngine();
    const [a, b] = await Promise.all(
      [engine, plain].map(async (own) => {
        const options = { method: 'grad-cam' as CamMethod, layer: 'layer4' };
        const cam = createCam(own, model, options);
        const [result] = await cam.explain(weights, { hu: hu(), classes });
        await cam.release();
        return result;
      }),
    );
    await plain.dispose();
    if (a === undefined || b === undefined) throw new Error('no result');
    expect(difference(a.map.raw, b.map.raw)).toBeLessThan(1e-5);
  });

  it('lies over rows and columns of slices as channels, and over all three axes of a volume', async () => {
    for (const [name, layer, axes] of [
      ['resnet18', 'layer4', 'yx'],
      ['resnet18-3d', 'layer4', 'zyx'],
      ['resnet18-3d', 'features', 'yx'],
    ] as const) {
      const { model, weights } = network(name);
      const cam = createCam(engine, model, { method: 'grad-cam', layer });
      const [result] = await cam.explain(weights, { hu: hu(), classes });
      await cam.release();
      expect(result?.map.axes.join('')).toBe(axes);
      expect(result?.map.overCrop.shape).toEqual(Array.from(axes, () => 32));
    }
  });

  it('is of the last layer inside the encoder unless another is named, and of none that is not there', () => {
    const { model } = network('resnet18');
    expect(layerOf(model).name).toBe('layer4');
    const options = { method: 'grad-cam', layer: 'layer9' } as const;
    expect(() => createCam(engine, model, options)).toThrow(
      ExplanationRequestError,
    );
    expect(() => createCam(engine, model, options)).toThrow(
      'the model has no layer "layer9"; choose one of layer1, layer2, layer3, layer4, features',
    );
  });

  it('refuses a layer that an encoder lists and never shows', async () => {
    const { model, weights } = network('resnet18');
    const silent = {
      ...model,
      layers: [{ name: 'silent', axes: ['y', 'x'] as const }, ...model.layers],
    };
    const options = { method: 'grad-cam', layer: 'silent' } as const;
    const cam = createCam(engine, silent, options);
    await expect(cam.explain(weights, { hu: hu(), classes })).rejects.toThrow(
      'lists the layer "silent", but does not call the hook for it',
    );
  });
});
