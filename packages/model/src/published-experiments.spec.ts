import { readdirSync, readFileSync } from 'node:fs';

import { randomTower } from '@clip-lung/text-encoder';
import { describe, expect, it } from 'vitest';

import { createModel } from './model.js';
import { resolveExperiment } from './resolve-experiment.js';

const folder = new URL('../../../experiments/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));

async function resolved(file: string) {
  const module = (await import(new URL(file, folder).href)) as {
    default: unknown;
  };
  return resolveExperiment(module.default);
}

describe.each(files)('experiments/%s', (file) => {
  it('resolves, and its modules fit together', async () => {
    const { prompt, ...experiment } = await resolved(file);
    const { embedding } = experiment.image;
    const tower =
      experiment.text === null
        ? null
        : randomTower({ seed: 1, width: 32, heads: 2, layers: 1, embedding });
    // To the random tower every word is one token, so templates need T words before the name.
    const words = prompt && {
      ...prompt,
      attributeTemplate: 'the nodule has a {attribute}.',
    };
    const model = createModel(
      { ...experiment, prompt: words },
      {
        classes: ['benign', 'unsure', 'malignant'],
        tower,
      },
    );
    expect(model.classes).toHaveLength(3);
  });

  it('says how it is run, and where its method or its figure comes from', () => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    expect(text).toContain(
      `clip-lung train experiments/${file} --data <dataset> --out <run>`,
    );
    expect(text).toMatch(/arXiv|ECCV|ICCV|github\.com|votes/);
  });
});

it('no two experiments are the same', async () => {
  const all = await Promise.all(
    files.map(async (file) => JSON.stringify(await resolved(file))),
  );
  expect(all.length).toBeGreaterThan(10);
  expect(new Set(all).size).toBe(all.length);
});

it('has every method of the paper’s tables, and every head', async () => {
  const found = await Promise.all(files.map(resolved));
  expect(new Set(found.map(({ head }) => head.use))).toEqual(
    new Set([
      'linear',
      'poisson',
      'stick-breaking',
      'unsure',
      'ordinal-forest',
    ]),
  );
  expect(files).toEqual(
    expect.arrayContaining(
      [
        'ce',
        'poisson',
        'nsb',
        'udm',
        'corf',
        'clip',
        'coop',
        'cocoop',
        'clip-lung',
      ].map((name) => `${name}.ts`),
    ),
  );
});
