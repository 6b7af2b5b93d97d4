import { cpuEngine } from '@clip-lung/engine';
import {
  at,
  filled,
  float32,
  type NdArray,
  ShapeError,
} from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';
import {
  encodeText,
  PromptError,
  randomTower,
  zeroShotClassifier,
} from './index.js';

const engine = cpuEngine();
const tower = randomTower({ seed: 1, width: 8, embedding: 6 });
const classes = ['benign', 'unsure', 'malignant'];
const templates = ['a nodule image of {class}.', 'a {class} nodule'];

const rows = ({ data, shape }: NdArray<'float32'>): number[][] =>
  Array.from({ length: at(shape, 0) }, (_, row) => [
    ...data.subarray(row * 6, (row + 1) * 6),
  ]);
const unit = (values: readonly number[]): number[] =>
  values.map((value) => value / Math.hypot(...values));
const cosine = (a: readonly number[], b: readonly number[]): number =>
  unit(a).reduce((sum, value, i) => sum + value * at(unit(b), i), 0);

describe('zeroShotClassifier', () => {
  it('finds a class by the direction of its text', async () => {
    const template = at(templates, 0);
    const { classify } = await zeroShotClassifier(tower, {
      engine,
      templates: [template],
      classes,
    });
    const texts = classes.map((name) => template.replace('{class}', name));
    const features = await encodeText(tower, texts, { engine });
    // An image of length 3 in each text's own direction: its cosines with all texts, times 100, go into the softmax.
    const images = float32(
      [3, 6],
      rows(features).flatMap((row) => unit(row).map((value) => 3 * value)),
    );
    const { data, shape } = classify(images);
    expect(shape).toEqual([3, 3]);
    rows(images).forEach((image, at) => {
      const exponentials = rows(features).map((text) =>
        Math.exp(100 * cosine(image, text)),
      );
      const sum = exponentials.reduce((total, value) => total + value, 0);
      exponentials.forEach((value, k) => {
        expect(data[at * 3 + k]).toBeCloseTo(value / sum, 4);
      });
    });
  });

  it('averages directions, not features, over templates', async () => {
    const { classes: found } = await zeroShotClassifier(tower, {
      engine,
      templates,
      classes,
    });
    const each = await Promise.all(
      templates.map((template) =>
        encodeText(
          tower,
          classes.map((name) => template.replace('{class}', name)),
          { engine },
        ),
      ),
    );
    rows(found).forEach((row, k) => {
      const own = each.map((features) => unit(at(rows(features), k)));
      const [a, b] = [at(own, 0), at(own, 1)];
      const mean = unit(a.map((value, i) => value + at(b, i)));
      row.forEach((value, i) => {
        expect(value).toBeCloseTo(at(mean, i), 5);
      });
    });
  });

  it('averages the cosines of channel groups', async () => {
    const { classes: found, classify } = await zeroShotClassifier(tower, {
      engine,
      templates,
      classes,
      scale: 10,
    });
    const groups = float32(
      [2, 2, 6],
      Array.from({ length: 24 }, (_, at) => Math.sin(at)),
    );
    const { data, shape } = classify(groups);
    expect(shape).toEqual([2, 3]);
    const views = rows(float32([4, 6], groups.data));
    [views.slice(0, 2), views.slice(2)].forEach((own, nodule) => {
      const exponentials = rows(found).map((text) =>
        Math.exp(
          10 * ((cosine(at(own, 0), text) + cosine(at(own, 1), text)) / 2),
        ),
      );
      const sum = exponentials.reduce((total, value) => total + value, 0);
      exponentials.forEach((value, k) => {
        expect(data[nodule * 3 + k]).toBeCloseTo(value / sum, 5);
      });
    });
  });

  it('refuses features of another width, and templates that cannot be filled', async () => {
    const make = (given: readonly string[]) =>
      zeroShotClassifier(tower, { engine, templates: given, classes });
    const { classify } = await make(templates);
    for (const shape of [[1, 5], [5], [1, 0, 6], [1, 1, 1, 6]]) {
      expect(() => classify(filled(shape))).toThrow(ShapeError);
    }
    await expect(make([])).rejects.toThrow(PromptError);
    await expect(make(['no place'])).rejects.toThrow(/has 0 placeholders/);
    const twice = ['benign', 'BENIGN'];
    await expect(
      zeroShotClassifier(tower, { engine, templates, classes: twice }),
    ).rejects.toThrow(
      /^the list of classes has "benign" and "BENIGN", which are the same to the text tower/,
    );
  });
});
