import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readTableFile } from '@clip-lung/data/node';
import type { Analysis } from '@clip-lung/evaluator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, smallExperiment } from '../test/clip-lung.js';

describe('clip-lung analyse', () => {
  it('finds on a phantom what its truth says of nodules and readers', async () => {
    const { code, out } = await clipLung(
      ...['analyse', at('run'), '--json', '--hardest', '1000'],
    );
    expect(code).toBe(0);
    const analysis = JSON.parse(out) as Analysis;
    const truth = await readTableFile(at('lidc', 'truth.csv'), [
      ...['patient', 'readers', 'mean_texture', 'class', 'diameter_mm'],
    ]);
    expect(analysis.nodules).toBe(truth.length);
    const count = (is: (row: (typeof truth)[number]) => boolean): number =>
      truth.filter(is).length;
    const numberIn = (row: (typeof truth)[number], name: string): number =>
      row.number(name, 0, 1000, 'the truth');
    expect(groupsOf(analysis, 'readers')).toEqual(
      [1, 2, 3, 4].flatMap((readers) => {
        const found = count((row) => numberIn(row, 'readers') === readers);
        return found === 0 ? [] : [[String(readers), found]];
      }),
    );
    const isOf = (row: (typeof truth)[number]): string => {
      const texture = numberIn(row, 'mean_texture');
      if (texture < 2.5) return 'non-solid';
      return texture > 3.5 ? 'solid' : 'part-solid';
    };
    expect(groupsOf(analysis, 'texture')).toEqual(
      ['non-solid', 'part-solid', 'solid'].flatMap((group) => {
        const found = count((row) => isOf(row) === group);
        return found === 0 ? [] : [[group, found]];
      }),
    );
    if ('leftOut' in analysis.labellingRules) throw new Error('no rules');
    const own = analysis.labellingRules.rules.find(
      ({ isOfDataset }) => isOfDataset,
    );
    expect(own?.support).toEqual(
      analysis.classes.map((name) =>
        count((row) => row.text('class') === name),
      ),
    );
    // Readers outline up to 0.4 mm too wide or tight on each side, and their masks end between two voxels.
    const sizes = analysis.hardest.map(({ diameter }) => diameter ?? NaN);
    const simulated = truth.map((row) => numberIn(row, 'diameter_mm'));
    const ascending = (a: number, b: number): number => a - b;
    simulated.sort(ascending);
    for (const [i, size] of sizes.sort(ascending).entries()) {
      expect(Math.abs(size - (simulated[i] ?? NaN))).toBeLessThan(1.5);
    }
  });

  it('agrees with evaluate on the same predictions', async () => {
    const evaluated = await clipLung('evaluate', at('run'), '--json');
    const { accuracy, macroF1, auc } = JSON.parse(evaluated.out) as Readonly<
      Record<string, number>
    >;
    const { out } = await clipLung('analyse', at('run'), '--json');
    const { labellingRules } = JSON.parse(out) as Analysis;
    if ('leftOut' in labellingRules) throw new Error('no rules');
    const [own] = labellingRules.rules;
    const figures = Object.fromEntries(
      own?.figures.map(({ metric, value }) => [metric, value]) ?? [],
    );
    expect(figures).toMatchObject({ accuracy, macroF1, auc });
  });

  it('prints tables, and writes the file that --json prints', async () => {
    const out = at('analysis.json');
    const table = await clipLung('analyse', at('run'), '--out', out);
    expect(table).toMatchObject({ code: 0, err: '' });
    expect(table.out).toMatch(/^simulated nodules \(phantom\)/);
    expect(table.out).toMatch(/\nreaders are simulated, and rate without/);
    expect(table.out).toMatch(/\n1 \* +mean +exclusive/);
    expect(table.out).toMatch(/\nwritten: .*analysis\.json\n$/);
    expect(table.out).not.toMatch(/NaN|undefined(?! in)|\bnull\b/);
    const json = await clipLung('analyse', at('run'), '--json', '--out', out);
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual(
      JSON.parse(json.out),
    );
  });

  it.each([
    ['a run’s own file', () => at('run', 'experiment.json')],
    ['text', () => at('lidc', 'truth.csv')],
    ['a folder', () => at('dataset')],
  ])('does not write over %s', async (_what, out) => {
    const { code, err } = await clipLung(
      ...['analyse', at('run'), '--out', out()],
    );
    expect(code).toBe(2);
    expect(err).toMatch(/already exists, and is not an analysis; choose/);
  });

  it('refuses another dataset, what is no run, and predictions that are not there', async () => {
    await cp(at('dataset'), at('other'), { recursive: true });
    await clipLung('prepare', at('lidc'), '--out', at('other'), '--seed', '5');
    for (const [args, message] of [
      [['--data', at('other')], /is not the dataset that .* was trained on/],
      [['--data', at('nowhere')], /is not a dataset folder/],
      [['--by', 'texts'], /which `clip-lung evaluate --by texts` writes/],
    ] as const) {
      const { code, err } = await clipLung('analyse', at('run'), ...args);
      expect(code).toBe(1);
      expect(err).toMatch(message);
    }
    const { code, err } = await clipLung('analyse', at('dataset'));
    expect(code).toBe(1);
    expect(err).toMatch(/this is not a run folder/);
  });
});

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'analyse-'));
  await clipLung('phantom', at('lidc'), '--patients', '12', '--seed', '3');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
  await writeFile(at('e.json'), JSON.stringify(smallExperiment));
  const options = ['--data', at('dataset'), '--out', at('run')];
  expect(await clipLung('train', at('e.json'), ...options)).toMatchObject({
    code: 0,
  });
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

/** Names and sizes of the groups of a subgroup. */
function groupsOf(
  { subgroups }: Analysis,
  name: string,
): readonly (readonly [string, number])[] {
  const found = subgroups.find((one) => one.name === name);
  if (found === undefined || 'leftOut' in found) {
    throw new Error(`there is no subgroup ${name}`);
  }
  return found.groups.map(({ group, nodules }) => [group, nodules]);
}
