import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  builtInMetrics,
  type IdentifiedCases,
  meanDeviation,
  measure,
  pairedDifference,
} from '@clip-lung/metrics';
import {
  experimentDigest,
  foldPaths,
  type PredictionRow,
  readRunRecord,
  runFormatVersion,
  runIdentity,
  type RunRecord,
  writePredictions,
  writeRunRecord,
} from '@clip-lung/run';
import { RandomStream } from '@clip-lung/tensor';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { gridPaths, type GridRecord, type GridRun } from '../grid-record.js';
import { type GridTable, gridTable } from './grid-table.js';
import { tableInCsv } from './csv.js';
import { tableInLatex } from './latex.js';
import { tableInMarkdown } from './markdown.js';
import { poolRun } from './pooled-runs.js';
import { writeTable } from './write-table.js';

describe('the table of a grid', () => {
  it('has means and deviations over seeds, and differences in pairs by nodule, seed and patient', async () => {
    const grid = await madeGrid({
      methods: ['ours', 'theirs'],
      seeds: [1, 2, 3],
    });
    const { sections, missing } = await gridTable(folder, grid);
    expect(missing).toEqual([]);
    const [section] = sections;
    expect(section).toMatchObject({ subset: null, nodules: 40, patients: 20 });
    const of = async (method: string): Promise<readonly IdentifiedCases[]> => {
      const tested: IdentifiedCases[] = [];
      for (const run of grid.runs.filter(
        ({ values }) => values['method'] === method,
      )) {
        const pooled = await poolRun(folder, run, { by: 'head' });
        if (pooled.tested !== null) tested.push(pooled.tested);
      }
      return tested;
    };
    const [a, b] = [await of('ours'), await of('theirs')];
    const [first, second] = section?.rows ?? [];
    expect([first?.isBase, second?.isBase]).toEqual([true, false]);
    for (const [i, metric] of compared.entries()) {
      const values = b.map(({ cases }) => measure(metric, cases).value ?? NaN);
      expect(second?.figures[i]).toMatchObject(meanDeviation(values));
      expect(second?.figures[i]?.difference).toEqual(
        await pairedDifference({ metric, a, b }),
      );
      expect(first?.figures[i]?.difference).toBeNull();
    }
  });

  it('compares the seeds that both have, and says which cells are missing', async () => {
    const grid = await madeGrid({
      methods: ['ours', 'theirs'],
      seeds: [1, 2, 3],
      without: [
        ['theirs', 2, 1],
        ['ours', 3, 0],
      ],
    });
    const table = await gridTable(folder, grid);
    const [ours, theirs] = table.sections[0]?.rows ?? [];
    expect([ours?.seeds, theirs?.seeds]).toEqual([
      [1, 2],
      [1, 3],
    ]);
    expect(theirs?.figures[0]?.difference).toMatchObject({ seeds: 1 });
    expect(table.missing).toEqual([
      'ours, seed 3, fold 0',
      'theirs, seed 2, fold 1',
    ]);
    expect(tableInMarkdown(table)).toContain(
      'missing: 2 cells without predictions: ours, seed 3, fold 0; theirs, seed 2, fold 1',
    );
  });

  it('compares within a sub-dataset, and with what the grid says', async () => {
    const grid = await madeGrid({
      methods: ['ours', 'theirs'],
      seeds: [1],
      subsets: ['A', 'B'],
      compareWith: { method: 'theirs' },
    });
    const { sections, axes } = await gridTable(folder, grid);
    expect(axes).toEqual(['method']);
    expect(
      sections.map(({ subset, rows }) => [
        subset,
        rows.map(({ values, isBase }) => [values, isBase]),
      ]),
    ).toEqual(
      ['A', 'B'].map((subset) => [
        subset,
        [
          [{ method: 'ours' }, false],
          [{ method: 'theirs' }, true],
        ],
      ]),
    );
  });

  it('says where runs do not pair', async () => {
    const grid = await madeGrid({
      methods: ['ours', 'theirs'],
      seeds: [1],
      nodules: { theirs: 38 },
    });
    const table = await gridTable(folder, grid);
    const [, theirs] = table.sections[0]?.rows ?? [];
    expect(theirs?.figures[0]).toMatchObject({
      mean: expect.any(Number) as number,
      difference: null,
    });
    expect(tableInMarkdown(table)).toMatch(
      /theirs: not compared: there are 38 labels/,
    );
  });

  it('leaves out a run with damaged files, and says so beside the others', async () => {
    const grid = await madeGrid({
      methods: ['ours', 'theirs', 'others'],
      seeds: [1],
    });
    const { hash = '' } = grid.runs[1] ?? {};
    const run = gridPaths(folder).run(hash);
    await appendFile(foldPaths(run, 0).predictions, '\n');
    const table = await gridTable(folder, grid);
    expect(table.missing).toEqual([]);
    expect(table.damaged).toMatchObject([{ run: 'theirs, seed 1' }]);
    const [, theirs, others] = table.sections[0]?.rows ?? [];
    expect([theirs?.seeds, others?.seeds]).toEqual([[], [1]]);
    expect(others?.figures[0]?.difference).not.toBeNull();
    expect(tableInMarkdown(table)).toMatch(
      /- damaged, and left out: theirs, seed 1: .*predictions.csv: was damaged or changed/,
    );
  });

  it('says so where what the others are compared with is left out', async () => {
    const made = await madeGrid({ methods: ['a', 'b', 'c'], seeds: [1] });
    const runs = made.runs.filter(({ values }) => values['method'] !== 'a');
    const table = await gridTable(folder, { ...made, runs });
    expect(tableInMarkdown(table)).toContain(
      'nothing is compared, as the grid does not have the experiment that',
    );
    expect(
      tableInMarkdown(await gridTable(folder, { ...made, compareWith: {} })),
    ).not.toContain('nothing is compared');
  });

  it('is Markdown, LaTeX and CSV in which names are text', async () => {
    const name = 'a|b_c & 50 % <img> \\x $y$ #1\n=2+5';
    const grid = await madeGrid({ methods: ['ours', name], seeds: [1, 2] });
    const table = await gridTable(folder, grid);
    const markdown = tableInMarkdown(table);
    expect(markdown).toContain(
      String.raw`| a\|b\_c & 50 % \<img\> \\x $y$ \#1\\n=2+5 |`,
    );
    expect(
      markdown.split('\n').filter((line) => /^\| a/.test(line)),
    ).toHaveLength(1);
    const latex = tableInLatex(table);
    expect(latex).toContain(
      String.raw`a|b\_c \& 50 \% <img> \textbackslash{}x \$y\$ \#1\textbackslash{}n=2+5 &`,
    );
    expect(latex).toMatch(
      /\\toprule\nmethod & accuracy, \\% & \$\\Delta\$ accuracy, \\%/,
    );
    expect(latex).toMatch(/ & \d+\.\d \$\\pm\$ \d+\.\d & base & /);
    const rows = parse<Record<string, string>>(tableInCsv(table), {
      columns: true,
    });
    expect(rows).toHaveLength(2 * compared.length);
    expect(rows[3]).toMatchObject({
      dataset: 'made-up',
      collection: 'phantom',
      method: name,
      metric: 'accuracy',
      seeds: '2',
      nodules: '40',
    });
    expect(Number(rows[3]?.['difference'])).toBe(
      figure(table, 1, 0)?.difference,
    );
    expect(rows[0]?.['difference']).toBe('');
    const files = await writeTable(folder, table);
    expect(await readFile(files[0] ?? '', 'utf8')).toBe(markdown);
  });

  it('begins with what the nodules and the texts are', async () => {
    const grid = await madeGrid({ methods: ['ours'], seeds: [1] });
    const markdown = tableInMarkdown(await gridTable(folder, grid));
    expect(markdown.split('\n')[0]).toBe(
      'simulated nodules (phantom): these figures say nothing about patients; random text tower: its features mean nothing; classified by the head.',
    );
  });
});

const compared = builtInMetrics.filter((metric) => 'isCompared' in metric);

const figure = (table: GridTable, row: number, metric: number) =>
  table.sections[0]?.rows[row]?.figures[metric]?.difference;

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grid-table-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const classes = ['benign', 'unsure', 'malignant'];

interface Made {
  readonly methods: readonly string[];
  readonly seeds: readonly number[];
  readonly subsets?: readonly string[];
  readonly compareWith?: Readonly<Record<string, string>>;
  /** method, seed and fold of cells that have no predictions */
  readonly without?: readonly (readonly [string, number, number])[];
  /** how many nodules a method was tested on */
  readonly nodules?: Readonly<Record<string, number>>;
}

/** Runs of two folds, whose methods are right more often the later they are named. */
async function madeGrid({
  methods,
  seeds,
  subsets,
  compareWith = {},
  without = [],
  nodules = {},
}: Made): Promise<GridRecord> {
  const runs: GridRun[] = [];
  for (const subset of subsets ?? ['A']) {
    for (const [m, method] of methods.entries()) {
      for (const seed of seeds) {
        const experiment = {
          method,
          training: { epochs: 1, seed },
          data: { subset },
        };
        const record = recordOf(experiment);
        const hash = runIdentity(record).slice(0, 16);
        const own = gridPaths(folder).run(hash);
        await writeRunRecord(own, record);
        for (const fold of [0, 1]) {
          if (
            without.some((cell) => cell.join() === [method, seed, fold].join())
          )
            continue;
          const random = new RandomStream(seed, method, subset, String(fold));
          const rows = rowsOf(fold, random, 0.4 + 0.2 * m).filter(
            ({ nodule }) => Number(nodule.slice(1)) < (nodules[method] ?? 40),
          );
          await writePredictions(
            foldPaths(own, fold),
            { classes, rows },
            {
              dataset: 'd'.repeat(64),
              experimentDigest: experimentDigest(
                (await readRunRecord(own)).experiment,
              ),
            },
          );
        }
        runs.push({
          ...{
            hash,
            seed,
            dataset: 'made-up',
            folds: [0, 1],
            hasPlugins: false,
          },
          values: { method, ...(subsets && { 'data.subset': subset }) },
        });
      }
    }
  }
  return {
    formatVersion: runFormatVersion,
    file: 'grid.ts',
    axes: [
      { name: 'method', values: methods },
      ...(subsets === undefined
        ? []
        : [{ name: 'data.subset', values: subsets }]),
    ],
    datasets: [
      {
        ...{ name: 'made-up', folder: '/nowhere', manifest: 'e'.repeat(64) },
        ...{ nodules: 40, patients: 20, collection: 'phantom' },
      },
    ],
    ...{ compareWith, runs, engine: 'onnx', device: null, threads: 1 },
  };
}

/** Nodules of two a patient. @param skill how much more probable the true class is */
function rowsOf(
  fold: number,
  random: RandomStream,
  skill: number,
): readonly PredictionRow[] {
  return Array.from({ length: 20 }, (_, i) => {
    const id = 20 * fold + i;
    const label = id % 3;
    const weights = classes.map(
      (_name, k) => 0.1 + random.uniform() + (k === label ? skill : 0),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    const probabilities = weights.map((weight) => weight / sum);
    return {
      nodule: `n${id}`,
      patient: `p${id >> 1}`,
      label,
      prediction: probabilities.indexOf(Math.max(...probabilities)),
      probabilities,
    };
  });
}

function recordOf(experiment: RunRecord['experiment']): RunRecord {
  return {
    formatVersion: runFormatVersion,
    experiment,
    data: {
      ...{ collection: 'phantom', folder: '/nowhere', sha256: 'd'.repeat(64) },
      ...{ nodules: 40, subset: 'A', folds: 2 },
    },
    ...{ text: 'random', textModel: 'random', textSha256: null, classes },
    ...{ ordered: true, engine: 'onnx', device: 'cpu', software: {} },
  };
}
