import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { type LoadedGrid, loadGrid } from './load-grid.js';

const folder = fileURLToPath(
  new URL('../../../../experiments/tables/', import.meta.url),
);

describe('the paper’s tables', () => {
  it('have every method on every sub-dataset', async () => {
    const { experiments, seeds } = await load('methods.ts');
    expect(seeds).toEqual([1, 2, 3, 4, 5]);
    expect(experiments).toHaveLength(36);
    const own = readdirSync(new URL('../', `file://${folder}`))
      .filter((name) => name.endsWith('.ts'))
      .sort();
    // Those that the tables do not have: volumes, and the published code as it is.
    const others = ['clip-lung-3d.ts', 'published-code.ts'];
    expect(own.filter((name) => !others.includes(name))).toHaveLength(12);
    const digests = new Set(
      experiments.map(({ experiment }) => JSON.stringify(experiment)),
    );
    expect(digests.size).toBe(36);
  });

  it('have the terms of the loss with and without channel-wise prompts', async () => {
    const { experiments } = await load('terms.ts');
    expect(
      experiments.map(({ values, experiment: { losses, prompt } }) => [
        ...Object.values(values),
        losses.map(({ use, weight }) => [use, weight]),
        prompt?.use,
      ]),
    ).toEqual([
      ['IC + IA + CA', 'CCP', [ce, ic, ia, ca], 'channel-conditional'],
      ['IC + IA + CA', 'no CCP', [ce, ic, ia, ca], 'coop'],
      ['IC + IA', 'CCP', [ce, ic, ia], 'channel-conditional'],
      ['IC + IA', 'no CCP', [ce, ic, ia], 'coop'],
      ['IC + CA', 'CCP', [ce, ic, ca], 'channel-conditional'],
      ['IC + CA', 'no CCP', [ce, ic, ca], 'coop'],
      ['IC', 'CCP', [ce, ic], 'channel-conditional'],
      ['IC', 'no CCP', [ce, ic], 'coop'],
      ['none', 'CCP', [ce], undefined],
    ]);
    const [first] = experiments;
    for (const { experiment } of experiments) {
      expect(experiment.training).toEqual(first?.experiment.training);
      expect(experiment.data).toEqual(first?.experiment.data);
      expect(experiment.image).toEqual(first?.experiment.image);
    }
  });
});

const ce = ['cross-entropy', 1];
const ic = ['image-class', 1];
const ia = ['image-attribute', 1];
const ca = ['class-attribute', 0.5];

function load(name: string): Promise<LoadedGrid> {
  return loadGrid(`${folder}${name}`, {
    policy: {
      allow: false,
      trusted: [],
      onAllowed: () => undefined,
      onNote: () => undefined,
    },
  });
}
