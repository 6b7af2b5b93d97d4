import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { exportCrops, readDataset } from '@clip-lung/data/node';
import { encodeNpy, NdArray, RandomStream } from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, smallExperiment } from '../test/clip-lung.js';

/** A Python with numpy, where there is one. */
const python = [
  process.env['CLIP_LUNG_PYTHON'],
  fileURLToPath(
    new URL('../../../tools/reference/.venv/bin/python', import.meta.url),
  ),
  'python3',
].find(
  (candidate) =>
    candidate !== undefined &&
    spawnSync(candidate, ['-c', 'import numpy']).status === 0,
);

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'own-crops-'));
  await clipLung('phantom', at('lidc'), '--patients', '10', '--seed', '3');
  await done('prepare', at('lidc'), '--out', at('dataset'), '--margin');
  await writeOwn(at('own'));
  await done(
    ...['prepare', at('own'), '--from', 'crops', '--out', at('own-data')],
    ...['--attributes', 'shine,edge', '--folds', '2'],
  );
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

async function done(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await clipLung(...args);
  expect({ code, err }).toMatchObject({ code: 0 });
  return out;
}

async function train(
  data: string,
  out: string,
  experiment: object,
): Promise<void> {
  await writeFile(at(`${out}.json`), JSON.stringify(experiment));
  await done(
    ...['train', at(`${out}.json`), '--data', at(data), '--out', at(out)],
    ...['--fold', '0'],
  );
}

describe('crops exported from a dataset of LIDC-IDRI', () => {
  it('give, read back, the same training, byte for byte', async () => {
    await exportCrops(
      await readDataset(at('dataset'), { margin: true }),
      at('crops'),
    );
    const said = await done(
      ...['prepare', at('crops'), '--from', 'crops', '--out', at('again')],
    );
    expect(said).toMatch(/from crops \(phantom\), 5 folds of its own; ratings/);
    const experiment = {
      ...smallExperiment,
      augment: [{ use: 'shift', voxels: 2 }, { use: 'flip' }],
    };
    await train('dataset', 'run', experiment);
    await train('again', 'run-again', experiment);
    const same = async (...names: readonly string[]): Promise<void> => {
      const [a, b] = await Promise.all(
        ['run', 'run-again'].map((run) => readFile(at(run, ...names))),
      );
      expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
    };
    await same('fold-0', 'predictions.csv');
    const [a, b] = await Promise.all(
      ['run', 'run-again'].map((run) =>
        readSafetensors(at(run, 'fold-0', 'checkpoints', 'last.safetensors')),
      ),
    );
    // Beside the tensors, a checkpoint says which dataset it is of.
    expect(a?.tensors.size).toBeGreaterThan(50);
    expect(a?.tensors).toEqual(b?.tensors);
    const record = await recordOf('run-again');
    expect(record).toMatchObject({
      classes: ['benign', 'unsure', 'malignant'],
      ordered: true,
      data: { collection: 'phantom' },
      experiment: (await recordOf('run')).experiment,
    });
  }, 120_000);
});

describe('docs/own-crops.md', () => {
  it.skipIf(python === undefined)(
    'followed to the letter, makes a dataset',
    async () => {
      const doc = await readFile(
        new URL('../../../docs/own-crops.md', import.meta.url),
        'utf8',
      );
      const block = (name: string): string => {
        const text = new RegExp(
          `<!-- own crops: ${name} -->\\s*\`\`\`\\w+\\n([^]*?)\`\`\``,
        ).exec(doc)?.[1];
        if (text === undefined) throw new TypeError(`no block of ${name}`);
        return text;
      };
      await writeFile(at('make.py'), block('python'));
      execFileSync(python ?? '', ['make.py'], { cwd: folder });
      const [program, ...words] = block('shell').trim().split(' ');
      expect(program).toBe('clip-lung');
      // The document's folders are seen from where its lines are run.
      const args = words.map((word) =>
        word.startsWith('my-') ? at(word) : word,
      );
      expect(await done(...args)).toMatch(
        /60 nodules of 30 patients: 20 carcinoma, 20 granuloma, 20 hamartoma\nfrom crops \(other\), 5 folds; ratings of 2 attributes/,
      );
      const { manifest } = await readDataset(at('my-dataset'));
      expect(manifest.attributes).toEqual(['spiculation', 'density']);
      expect(manifest.columns).toEqual(['age']);
    },
  );
});

describe('classes of a dataset’s own', () => {
  it('are trained, recorded, evaluated and exported under their names', async () => {
    await train('own-data', 'own-run', ownExperiment);
    expect(await recordOf('own-run')).toMatchObject({
      classes: ['carcinoma', 'granuloma', 'hamartoma', 'scar'],
      ordered: false,
      experiment: {
        data: { attributes: ['shine', 'edge'] },
        prompt: { classNames: null, attributeNames: ['shine', 'edge'] },
      },
    });
    const out = await done('evaluate', at('own-run'), '--json');
    const summary = JSON.parse(out) as Readonly<Record<string, unknown>>;
    expect(summary['perClass']).toMatchObject([
      { name: 'carcinoma' },
      { name: 'granuloma' },
      { name: 'hamartoma' },
      { name: 'scar' },
    ]);
    await done('evaluate', '--by', 'texts', at('own-run'));
    await done(
      ...['export', at('own-run'), '--fold', '0', '--out', at('own.onnx')],
    );
    const predicted = await done(
      ...['predict', at('own.onnx'), at('own', 'crops.npy')],
    );
    expect(predicted).toMatch(/granuloma/);
  }, 120_000);

  it.each<readonly [string, object, RegExp]>([
    [
      'a head for ordered classes',
      { head: { use: 'poisson' } },
      /^error: head: "poisson" is for classes that have an order, and the dataset's \(carcinoma, granuloma, hamartoma, scar\) have none/m,
    ],
    [
      'a loss for ordered classes',
      { losses: [{ use: 'ordinal-cross-entropy' }] },
      /^error: losses\[0\]: "ordinal-cross-entropy" is for classes that have an order/m,
    ],
    [
      'a sub-dataset of other classes',
      { data: { folds: 2, subset: 'C' } },
      /^error: data\.subset is "C", which chooses among benign, malignant/m,
    ],
    [
      'attributes that it does not have',
      { data: { folds: 2, attributes: 'eight' } },
      /^error: data\.attributes: is "eight", and the dataset \S+ has no ratings of subtlety, .*; it has shine, edge/m,
    ],
    [
      'votes',
      { data: { folds: 2, targets: 'votes' } },
      /^error: data\.targets: is "votes", and the dataset \S+ \(other\) has no readers' ratings/m,
    ],
  ])(
    'refuse %s, by the field of the experiment',
    async (_, change, message) => {
      const experiment = { ...ownExperiment, ...change };
      await writeFile(at('refused.json'), JSON.stringify(experiment));
      const { code, err } = await clipLung(
        ...['train', at('refused.json'), '--data', at('own-data')],
        ...['--out', at('refused')],
      );
      expect(code).toBe(2);
      expect(err).toMatch(message);
    },
  );

  it('of which some attributes are taken, in the order that is said', async () => {
    await train('own-data', 'two', {
      ...ownExperiment,
      data: { folds: 2, attributes: ['edge', 'shine'] },
      prompt: { attributeNames: ['sharp edge', 'shine'] },
    });
    expect(await recordOf('two')).toMatchObject({
      experiment: {
        data: { attributes: ['edge', 'shine'] },
        prompt: { attributeNames: ['sharp edge', 'shine'] },
      },
    });
  }, 60_000);
});

const ownExperiment = { ...smallExperiment, data: { folds: 2 } };

async function recordOf(run: string): Promise<{ readonly experiment: object }> {
  return JSON.parse(await readFile(at(run, 'experiment.json'), 'utf8')) as {
    readonly experiment: object;
  };
}

/** 32 nodules of four classes, of which nobody would say that one is more than another. */
async function writeOwn(own: string): Promise<void> {
  const random = new RandomStream(7, 'own nodules');
  const [count, side] = [32, 32];
  const crops = Int16Array.from({ length: count * side ** 3 }, () =>
    Math.round(random.uniform() * 1200 - 1000),
  );
  const kinds = ['granuloma', 'hamartoma', 'carcinoma', 'scar'];
  const rows = Array.from({ length: count }, (_, i) =>
    [`n${i}`, `p${i >> 1}`, kinds[i % 4], i % 5, 5 - (i % 3), 40 + i].join(','),
  );
  await mkdir(own);
  await writeFile(
    join(own, 'crops.npy'),
    encodeNpy(new NdArray('int16', [count, side, side, side], crops)),
  );
  await writeFile(
    join(own, 'nodules.csv'),
    ['id,patient,class,edge,shine,age', ...rows].join('\n'),
  );
}
