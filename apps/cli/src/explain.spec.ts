import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { foldPaths, readPredictions } from '@clip-lung/run';
import { readNpy } from '@clip-lung/tensor/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, smallExperiment } from '../test/clip-lung.js';

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);
/** Of the test nodules of fold 0. */
let nodule = '';

async function train(name: string, experiment: unknown): Promise<void> {
  await writeFile(at(`${name}.json`), JSON.stringify(experiment));
  const { code, err } = await clipLung(
    ...['train', at(`${name}.json`), '--data', at('dataset')],
    ...['--out', at(name), '--fold', '0'],
  );
  expect([code, err]).toEqual([0, expect.any(String)]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'explain-'));
  await clipLung('phantom', at('lidc'), '--patients', '10', '--seed', '2');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
  const { image, training } = smallExperiment;
  await train('run', smallExperiment);
  const losses = [{ use: 'cross-entropy' }];
  await train('head-alone', { image, losses, training });
  const volumes = { ...image, use: 'resnet18-3d' };
  await train('volumes', { image: volumes, losses, training });
  const { rows } = await readPredictions(foldPaths(at('run'), 0));
  nodule = rows[0]?.nodule ?? '';
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

interface Explained {
  readonly class: string;
  readonly probabilities: Readonly<Record<string, number>>;
  readonly tested: boolean;
  readonly map: { readonly axes: readonly string[] };
  readonly heat: {
    readonly mask: unknown;
    readonly trained: { readonly share: number; readonly even: number };
    readonly untrained: { readonly share: number };
  };
  readonly attributes:
    | readonly {
        readonly attribute: string;
        readonly score: number;
        readonly rating: number | null;
      }[]
    | null;
}

async function explain(
  run: string,
  ...args: readonly string[]
): Promise<Explained> {
  const own = ['--nodule', nodule, '--json', ...args];
  const { code, out, err } = await clipLung('explain', at(run), ...own);
  expect([code, err]).toEqual([0, expect.any(String)]);
  return JSON.parse(out) as Explained;
}

describe('clip-lung explain', () => {
  it('says first what the figures are worth, then probabilities, heat and attributes', async () => {
    const { code, out } = await clipLung(
      ...['explain', at('run'), '--nodule', nodule],
    );
    expect(code).toBe(0);
    const [first, second] = out.split('\n');
    expect(first).toContain('simulated nodules (phantom)');
    expect(first).toContain('random text tower: its features mean nothing');
    expect(second).toMatch(new RegExp(`^nodule ${nodule}, `));
    expect(out).toContain('grad-cam of layer4, class ');
    expect(out).toContain('it has no z');
    expect(out).toContain('inside a sphere of the nodule');
    expect(out).toContain('untrained model');
    expect(out).toMatch(/internalStructure +-?\d\.\d{3}/);
  });

  it('gives what the fold was tested with, and the most probable class unless another is named', async () => {
    const { rows, classes } = await readPredictions(foldPaths(at('run'), 0));
    const found = await explain('run');
    rows[0]?.probabilities.forEach((value, k) => {
      const name = classes[k] ?? '';
      expect(found.probabilities[name]).toBeCloseTo(value, 5);
    });
    expect(found.class).toBe(classes[rows[0]?.prediction ?? NaN]);
    expect(found.tested).toBe(true);
    expect(found.heat.mask).toEqual({ kind: 'sphere', radius: 8 });
    expect(found.attributes?.length).toBe(8);
    const other = await explain('run', '--class', 'malignant');
    expect(other.class).toBe('malignant');
    expect(other.probabilities).toEqual(found.probabilities);
  });

  it('writes the map as it is, over the crop, and as a figure', async () => {
    const out = at('out');
    await explain('run', '--layer', 'features', '--out', out);
    const raw = await readNpy(join(out, 'map.npy'));
    expect(raw.shape).toEqual([8, 8]);
    const overCrop = await readNpy(join(out, 'map-over-crop.npy'));
    expect(overCrop.shape).toEqual([32, 32]);
    const svg = await readFile(join(out, 'map.svg'), 'utf8');
    expect(svg).toContain(`nodule ${nodule}</title>`);
    expect(svg.match(/the map has no z/g)).toHaveLength(2);
    const json = await readFile(join(out, 'explanation.json'), 'utf8');
    expect(JSON.parse(json)).toMatchObject({ nodule, map: { raw: [8, 8] } });
  });

  it('has all three axes of volumes, and of occlusion', async () => {
    const cam = ['--method', 'grad-cam++', '--layer', 'layer2'];
    const volume = await explain('volumes', ...cam);
    expect(volume.map.axes).toEqual(['z', 'y', 'x']);
    const occlusion = await explain('head-alone', '--method', 'occlusion');
    expect(occlusion.map.axes).toEqual(['z', 'y', 'x']);
    expect(occlusion.attributes).toBeNull();
  });

  it('says when a fold was not tested with the nodule', async () => {
    const { rows } = await readPredictions(foldPaths(at('run'), 0));
    const tested = new Set(rows.map((row) => row.nodule));
    const table = await readFile(at('dataset', 'nodules.csv'), 'utf8');
    const ids = table.split('\n').map((line) => line.split(',')[0] ?? '');
    const other = ids.slice(1).find((id) => id !== '' && !tested.has(id)) ?? '';
    const { out } = await clipLung('explain', at('run'), '--nodule', other);
    expect(out).toContain(
      'fold 0 was not tested with it, so it may have been trained on it',
    );
  });

  it.each<[string, string, readonly string[], string]>([
    [
      'a nodule',
      'run',
      ['--nodule', 'PHANTOM'],
      'has no nodule "PHANTOM"; the nearest of its',
    ],
    [
      'a class',
      'run',
      ['--class', 'bening'],
      'tells no class "bening" apart; choose one of benign, unsure, malignant',
    ],
    [
      'a layer',
      'run',
      ['--layer', 'layer5'],
      'has no layer "layer5"; choose one of layer1, layer2, layer3, layer4, features',
    ],
    [
      'a method',
      'run',
      ['--method', 'lime'],
      'there is no method "lime"; choose one of grad-cam, grad-cam++, occlusion',
    ],
    [
      'a layer of occlusion',
      'run',
      ['--method', 'occlusion', '--layer', 'layer4'],
      'has no layer "layer4"; leave the layer out',
    ],
    [
      'texts of a run without any',
      'head-alone',
      ['--attributes'],
      'has no texts, so there are no scores of attributes',
    ],
    ['a fold', 'run', ['--fold', '3'], 'fold-3'],
  ])('refuses %s that is not there', async (_, run, args, message) => {
    const { code, err, out } = await clipLung(
      ...['explain', at(run), '--nodule', nodule, ...args],
    );
    expect(err).toContain(message);
    expect(out).toBe('');
    expect(code).toBe(args[0] === '--fold' ? 1 : 2);
  });

  it('without a nodule gives figures of the fold: heat, the check by random weights, attributes and tokens', async () => {
    const { code, out } = await clipLung(
      ...['explain', at('run'), '--json', '--method', 'grad-cam++'],
    );
    expect(code).toBe(0);
    const { rows } = await readPredictions(foldPaths(at('run'), 0));
    const found = JSON.parse(out) as Readonly<Record<string, unknown>>;
    const share = {
      mean: expect.any(Number) as number,
      interval: {
        low: expect.any(Number) as number,
        high: expect.any(Number) as number,
      },
      patients: new Set(rows.map(({ patient }) => patient)).size,
      nodules: rows.length,
    };
    expect(found).toMatchObject({
      ...{ data: 'phantom', text: 'random', nodules: rows.length },
      heat: { mask: { kind: 'sphere' }, trained: share, untrained: share },
      nearestTokensNote: expect.stringContaining('CoOp') as string,
    });
    const stages = found['randomised'] as readonly { readonly name: string }[];
    expect(stages.map(({ name }) => name).slice(0, 3)).toEqual([
      ...['head', 'reduce', 'layer4'],
    ]);
    expect(found['attributes']).toHaveLength(8);
    const [contexts] = found['contexts'] as readonly {
      readonly name: string;
      readonly nearest: readonly unknown[];
    }[];
    expect(contexts?.name).toBe('ctx');
    expect(contexts?.nearest).toHaveLength(2);
    const text = await clipLung('explain', at('run'), '--no-attributes');
    expect(text.out).toContain('near 1: the map does not show what was learnt');
    expect(text.out).not.toContain('tokens nearest to');
  });

  it('lists the nearest IDs', async () => {
    const wrong = `${nodule.slice(0, -1)}9`;
    const { err } = await clipLung('explain', at('run'), '--nodule', wrong);
    expect(err).toContain(nodule);
  });

  it('refuses a dataset that has moved, and one with other crops', async () => {
    const gone = ['--data', at('nowhere')];
    const { err } = await clipLung(
      ...['explain', at('run'), '--nodule', nodule, ...gone],
    );
    expect(err).toContain('is not a dataset folder');
    await clipLung('phantom', at('lidc-3'), '--patients', '10', '--seed', '3');
    await clipLung('prepare', at('lidc-3'), '--out', at('dataset-3'));
    const other = ['--data', at('dataset-3')];
    const outcome = await clipLung(
      ...['explain', at('run'), '--nodule', nodule, ...other],
    );
    expect(outcome.code).not.toBe(0);
    expect(outcome.err).toMatch(
      /is not the one that it was tested with|has no nodule/,
    );
  });
});
