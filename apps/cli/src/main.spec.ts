import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, smallExperiment } from '../test/clip-lung.js';

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'));
  await writeFile(at('small.json'), JSON.stringify(smallExperiment));
  await clipLung('phantom', at('lidc'), '--patients', '15', '--seed', '2');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

describe('the main job', () => {
  it('inspects what it wrote', async () => {
    const { code, out } = await clipLung('inspect', at('lidc'), '--json');
    const found = JSON.parse(out) as Record<string, unknown> & {
      perScan: Record<string, unknown>[];
    };
    expect(code).toBe(0);
    expect(found).toMatchObject({
      files: 15,
      ct: 15,
      radiographs: 0,
      duplicates: 0,
      scans: 15,
      patients: 15,
    });
    expect(Object.keys(found.perScan[0] ?? {})).toEqual(
      expect.arrayContaining([
        'xml',
        'patient',
        'annotations',
        'contours',
        'points',
        'malignancySum',
        'ratingsSum',
        'smallMarks',
        'nonNodules',
      ]),
    );
    expect((await clipLung('inspect', at('lidc'))).out).toMatch(
      /^scans\s+15$/m,
    );
  });

  it('trains, and evaluates with the figures that --json promises', async () => {
    const trained = await clipLung(
      'train',
      at('small.json'),
      '--data',
      at('dataset'),
      '--out',
      at('run'),
      '--set',
      'training.seed=5',
    );
    expect(trained.err).toContain('text tower: random weights');
    expect(trained.code).toBe(0);
    const record = JSON.parse(
      await readFile(at('run', 'experiment.json'), 'utf8'),
    ) as { experiment: { training: unknown } };
    expect(record.experiment.training).toMatchObject({ epochs: 1, seed: 5 });

    const { code, out, err } = await clipLung('evaluate', at('run'), '--json');
    expect([code, err]).toEqual([0, '']);
    const found = JSON.parse(out) as Record<string, unknown>;
    expect(found).toMatchObject({
      run: at('run'),
      text: 'random',
      data: 'phantom',
    });
    expect(found['accuracy']).toBeTypeOf('number');
    expect(found['majority']).toBeTypeOf('number');
    expect(
      (found['perClass'] as { name: string }[]).map(({ name }) => name),
    ).toEqual(['benign', 'unsure', 'malignant']);

    const table = (await clipLung('evaluate', at('run'))).out;
    expect(table).toContain('simulated nodules');
    expect(table).toContain('random text tower');
    expect(table.trimEnd().endsWith(at('run'))).toBe(true);
  });

  it('reports a run in its folder, and several where it is told to', async () => {
    const one = await clipLung('report', at('run'), '--data', at('dataset'));
    expect([one.code, one.err]).toEqual([0, '']);
    expect(one.out).toBe(`${at('run', 'report.html')}\n`);
    const page = await readFile(at('run', 'report.html'), 'utf8');
    expect(page).toContain('simulated nodules (phantom)');
    expect(page.match(/, axial slice"/g)).toHaveLength(12);

    const several = ['report', at('run'), at('run')];
    const nowhere = await clipLung(...several);
    expect(nowhere.code).toBe(2);
    expect(nowhere.err).toContain('say with --out <file> where to write it');
    const out = at('several.html');
    const told = await clipLung(...several, '--out', out, '--json');
    expect(JSON.parse(told.out)).toMatchObject({
      out,
      runs: [at('run'), at('run')],
    });
    const taken = await clipLung(
      ...several,
      '--out',
      at('run', 'summary.json'),
    );
    expect(taken.code).toBe(1);
    expect(taken.err).toContain('a file that is not a report');
  });

  it('repeats a run from its record alone', async () => {
    await clipLung(
      'train',
      at('small.json'),
      '--data',
      at('dataset'),
      '--out',
      at('first'),
      '--fold',
      '1',
    );
    const again = await clipLung(
      'train',
      at('first', 'experiment.json'),
      '--data',
      at('dataset'),
      '--out',
      at('second'),
      '--fold',
      '1',
      '--tensorboard',
    );
    expect(again.code).toBe(0);
    const [a, b] = await Promise.all(
      ['first', 'second'].map((run) =>
        readFile(at(run, 'fold-1', 'predictions.csv'), 'utf8'),
      ),
    );
    expect(a).toBe(b);
  });

  it('lists runs, and exports them to what tracks experiments', async () => {
    const { out } = await clipLung('runs', folder, '--json');
    expect(JSON.parse(out)).toMatchObject({
      runs: [
        { run: at('first'), state: 'stopped', folds: { done: 1, of: 5 } },
        { run: at('run'), state: 'finished', best: { of: 'test', folds: 5 } },
        { run: at('second'), epochs: { fold: 1, done: 1, of: 1 } },
      ],
    });
    expect((await clipLung('runs', at('lidc'))).out).toBe(
      `${at('lidc')}: there is no run in it\n`,
    );

    const written = await readdir(at('second', 'fold-1'));
    expect(written.filter((name) => name.startsWith('events.'))).toHaveLength(
      1,
    );
    const exported = async (run: string): Promise<unknown> =>
      JSON.parse(
        (await clipLung('export-tensorboard', at(run), '--json')).out,
      ) as unknown;
    expect(await exported('second')).toMatchObject({ files: [], scalars: 0 });
    expect(await exported('first')).toMatchObject({ scalars: 12 });

    const send = (to: string): ReturnType<typeof clipLung> =>
      clipLung('export-mlflow', at('run'), '--to', to);
    expect(await send('databricks')).toMatchObject({
      code: 2,
      err: expect.stringContaining('not the address of an MLflow') as unknown,
    });
    // Nothing listens at the discard service's port.
    expect(await send('http://ada:secret@127.0.0.1:9')).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /^error: http:\/\/127\.0\.0\.1:9: cannot be reached/,
      ) as unknown,
    });
  });

  it('says what the machine can run', async () => {
    const { code, out } = await clipLung('doctor', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      node: process.versions.node,
    });
    const { engines } = JSON.parse(out) as { engines: object[] };
    expect(engines).toMatchObject([
      { name: 'onnx', device: expect.stringMatching('cpu') as unknown },
      { name: 'onnx', device: expect.stringMatching('cuda') as unknown },
      { name: 'onnx', device: expect.stringMatching('webgpu') as unknown },
      { name: 'tensorflow' },
      { name: 'cpu' },
    ]);
    for (const engine of engines) {
      expect(engine).toMatchObject(
        'reason' in engine
          ? { available: false, reason: expect.any(String) as unknown }
          : { available: true, matMulMs: expect.any(Number) as unknown },
      );
    }
  });
});

describe('wrong use, exit code 2', () => {
  it.each([
    [['--frobnicate'], /unknown option '--frobnicate'/],
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['prepare', 'x'], /required option '--out <folder>' not specified/],
    [
      ['prepare', 'x', '--out', 'y', '--rule', 'mine'],
      /Allowed choices are pylidc, inclusive/,
    ],
    [
      ['prepare', 'x', '--out', 'y', '--min-readers', 'three'],
      /expected a whole number of at least 1/,
    ],
    [
      ['train', 'nowhere.ts', '--data', 'd', '--out', 'r'],
      /nowhere\.ts: there is no such file; give an experiment/,
    ],
    [
      ['train', 'small.json', '--data', 'dataset', '--out', 'r', '--fold', 'x'],
      /Expected folds, counted from 0/,
    ],
    [
      [
        'train',
        'small.json',
        '--data',
        'dataset',
        '--out',
        'r',
        '--set',
        'training.epoks=3',
      ],
      /training: Unrecognized key: "epoks"/,
    ],
    [
      [
        'train',
        'small.json',
        '--data',
        'dataset',
        '--out',
        'r',
        '--set',
        'prompt.use=mine',
      ],
      /prompt\.use: there is no prompt learner "mine"; known: channel-conditional, cocoop, coop, fixed/,
    ],
    [
      [
        'train',
        'small.json',
        '--data',
        'dataset',
        '--out',
        'r',
        '--set',
        'data.folds=3',
      ],
      /data\.folds: is 3, the dataset .* was prepared with 5/,
    ],
  ])('%j', async (args, problem) => {
    const inFolder = args.map((arg) =>
      /^(small\.json|dataset|d|r|x|y)$/.test(arg) ? at(arg) : arg,
    );
    const { code, out, err } = await clipLung(...inFolder);
    expect(err).toMatch(problem);
    expect(err).not.toMatch(/^\s+at /m);
    expect([code, out]).toEqual([2, '']);
    await expect(stat(at('r'))).rejects.toThrow();
  });

  it('shows help with exit code 0', async () => {
    const { code, out } = await clipLung('--help');
    expect(code).toBe(0);
    for (const command of [
      'demo',
      'phantom',
      'inspect',
      'prepare',
      'train',
      'evaluate',
      'export',
      'predict',
      'doctor',
    ]) {
      expect(out).toContain(command);
    }
  });
});

describe('bad input, exit code 1', () => {
  it('a folder that is not there, or has no annotations or no DICOM', async () => {
    await mkdir(at('xml-only'));
    const [patient = ''] = await readdir(at('lidc'));
    const xml =
      (await readdir(at('lidc', patient), { recursive: true })).find((name) =>
        name.endsWith('.xml'),
      ) ?? '';
    await copyFile(at('lidc', patient, xml), at('xml-only', '1.xml'));
    for (const [args, problem] of [
      [['inspect', at('nowhere')], /nowhere/],
      [['prepare', at('nowhere'), '--out', at('none')], /nowhere/],
      [['prepare', at('xml-only'), '--out', at('none')], /DICOM/],
      [['evaluate', at('dataset')], /this is not a run folder/],
      [
        ['train', at('small.json'), '--data', at('lidc'), '--out', at('none')],
        /is not a dataset folder/,
      ],
    ] as const) {
      const { code, err } = await clipLung(...args);
      expect(err).toMatch(problem);
      expect(code).toBe(1);
    }
    await expect(stat(at('none'))).rejects.toThrow();
  });

  it('goes on past a truncated annotation file, and counts it', async () => {
    const [patient = ''] = await readdir(at('lidc'));
    const xml =
      (await readdir(at('lidc', patient), { recursive: true })).find((name) =>
        name.endsWith('.xml'),
      ) ?? '';
    await mkdir(at('cut'));
    await copyFile(at('lidc', patient, xml), at('cut', 'whole.xml'));
    await copyFile(at('lidc', patient, xml), at('cut', 'cut.xml'));
    await truncate(at('cut', 'cut.xml'), 3000);
    const { code, out } = await clipLung('inspect', at('cut'), '--json');
    const found = JSON.parse(out) as {
      scans: number;
      warnings: { file: string }[];
    };
    expect(code).toBe(0);
    expect(found.scans).toBe(1);
    expect(
      found.warnings.filter(({ file }) => file.endsWith('cut.xml')),
    ).toHaveLength(1);
  });

  it('shows where an error came from only when asked', async () => {
    const quiet = await clipLung('evaluate', at('nowhere'));
    const loud = await clipLung('evaluate', at('nowhere'), '--verbose');
    expect(quiet.err).not.toMatch(/^\s+at /m);
    expect(loud.err).toMatch(/^\s+at /m);
  });
});
