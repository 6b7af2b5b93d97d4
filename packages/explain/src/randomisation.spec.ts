import { onnxEngine } from '@clip-lung/engine';
import { float32 } from '@clip-lung/tensor';
import { afterAll, describe, expect, it } from 'vitest';

import { classes, hu, network } from '../test/torch-fixture.js';
import { createCam } from './cam.js';
import type { Explainer } from './explainer.js';
import { checkByRandomisation } from './randomisation.js';

const engine = onnxEngine({ threads: 1 });
afterAll(() => engine.dispose());
const { model, weights } = network('resnet18');
const cases = { hu: hu(), classes };

describe('the check by randomised weights', () => {
  it('goes from the head down, and finds that a map of Grad-CAM falls apart', async () => {
    const cam = createCam(engine, model, {
      method: 'grad-cam++',
      layer: 'layer3',
    });
    const seeds = [1, 2, 3, 4, 5];
    const runs = await Promise.all(
      seeds.map((seed) =>
        checkByRandomisation(cam, model, { weights, cases, seed }),
      ),
    );
    await cam.release();
    expect(runs[0]?.map(({ name }) => name)).toEqual([
      ...['head', 'reduce', 'layer4', 'layer3', 'layer2', 'layer1'],
      ...['bn1', 'conv1'],
    ]);
    const meanAt = (stage: number): number => {
      const found = runs.flatMap((run) => run[stage]?.rankCorrelations ?? []);
      const known = found.filter((value) => value !== null);
      expect(known.length).toBeGreaterThan(5);
      return (
        known.reduce((sum, value) => sum + Math.abs(value), 0) / known.length
      );
    };
    expect(meanAt(7)).toBeLessThan(0.5);
    expect(meanAt(0)).toBeGreaterThan(meanAt(7));
  });

  it('finds 1 throughout for a map that does not look at the weights', async () => {
    const deaf: Explainer = {
      name: 'the slice itself',
      explain: (_weights, given) =>
        Promise.resolve(
          given.classes.map((_, i) => {
            const size = 32 ** 3;
            const slice = given.hu.data.slice(i * size, (i + 1) * size);
            const raw = float32([32, 32, 32], slice);
            return {
              map: { axes: ['z', 'y', 'x'], raw, overCrop: raw },
              logits: [],
            };
          }),
        ),
      release: () => Promise.resolve(),
    };
    const found = await checkByRandomisation(deaf, model, { weights, cases });
    expect(found.length).toBe(8);
    for (const { rankCorrelations } of found) {
      for (const value of rankCorrelations) expect(value).toBeCloseTo(1, 9);
    }
  });
});
