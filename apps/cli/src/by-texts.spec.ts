import { createHash } from 'node:crypto';
import {
  access,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readDataset } from '@clip-lung/data/node';
import { onnxEngine } from '@clip-lung/engine';
import { builtInModules } from '@clip-lung/model';
import {
  foldPaths,
  type Predictions,
  readCheckpoint,
  readPredictions,
} from '@clip-lung/run';
import {
  encodeSafetensors,
  float32,
  leaves,
  type NdArray,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import { randomTower, zeroShotClassifier } from '@clip-lung/text-encoder';
import type * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { changeDigested } from '../test/digested.js';
import { clipLung, smallExperiment } from '../test/clip-lung.js';

let folder = '';
const at = (...names: readonly string[]): string => join(folder, ...names);

const template = 'a nodule image of {class}.';
const classes = ['benign', 'unsure', 'malignant'];
const training = { epochs: 2, batchSize: 8, learningRate: 0.05, ema: 0.5 };
const losses = [{ use: 'cross-entropy' }, { use: 'image-class' }];
const { image, text } = smallExperiment;

async function train(name: string, experiment: unknown): Promise<void> {
  await writeFile(at(`${name}.json`), JSON.stringify(experiment));
  const { code, err } = await clipLung(
    ...['train', at(`${name}.json`), '--data', at('dataset')],
    ...['--out', at(name), '--fold', '1'],
  );
  expect([code, err]).toEqual([0, expect.any(String)]);
}

/** A tiny CLIP tower in Hugging Face's form, with random weights and the words of a small tokenizer. */
async function writeTower(path: string): Promise<void> {
  const files = '../../../packages/text-encoder/fixtures/clip/';
  await mkdir(path);
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    const own = new URL(files + name, import.meta.url);
    await copyFile(own, join(path, name));
  }
  const { config, weights } = randomTower({ seed: 3, width: 16, layers: 1 });
  const json = {
    ...{ model_type: 'clip_text_model', hidden_act: config.activation },
    ...{ hidden_size: config.width, intermediate_size: config.hidden },
    ...{ num_hidden_layers: config.layers, num_attention_heads: config.heads },
    ...{ projection_dim: config.embedding, vocab_size: config.vocabulary },
    ...{ max_position_embeddings: config.positions },
    ...{ layer_norm_eps: config.epsilon, bos_token_id: 92, eos_token_id: 93 },
    architectures: ['CLIPTextModelWithProjection'],
  };
  await writeFile(join(path, 'config.json'), JSON.stringify(json));
  const bytes = encodeSafetensors(leaves<NdArray>(weights));
  await writeFile(join(path, 'model.safetensors'), bytes);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'by-texts-'));
  await clipLung('phantom', at('lidc'), '--patients', '15', '--seed', '2');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
  await writeTower(at('tower'));
  const prompt = { use: 'fixed', template } as const;
  await train('fixed', { image, text, prompt, losses, training });
  await train('conditional', { ...smallExperiment, training });
  const tower = { use: 'clip', model: at('tower') };
  await train('clip', { image, text: tower, prompt, losses, training });
  await train('head-alone', { image, losses: losses.slice(0, 1), training });
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

const predictionsOf = (
  run: string,
  by?: 'head' | 'texts',
): Promise<Predictions> => readPredictions(foldPaths(at(run), 1, by));

async function byTexts(
  ...args: readonly string[]
): Promise<Readonly<Record<string, unknown>>> {
  const outcome = await clipLung(
    'evaluate',
    '--by',
    'texts',
    '--json',
    ...args,
  );
  expect(outcome).toMatchObject({ code: 0 });
  return JSON.parse(outcome.out) as Readonly<Record<string, unknown>>;
}

/** Channel-group features of the nodules in a run's predictions, by its checkpoint and image encoder alone: [B, T, D]. */
async function groupsOf(run: string): Promise<NdArray<'float32'>> {
  const { rows } = await predictionsOf(run);
  const { nodules, crops } = await readDataset(at('dataset'));
  const images = rows.flatMap(({ nodule }) => {
    const place = nodules.findIndex(({ id }) => id === nodule);
    const hu = crops.data.subarray(place * 32 ** 3, (place + 1) * 32 ** 3);
    return Array.from(hu, (value) =>
      Math.min(Math.max((value + 1000) / 1400, 0), 1),
    );
  });
  const { tensors } = await readCheckpoint(foldPaths(at(run), 1), 'best');
  const under = (prefix: string): Tree<NdArray> =>
    treeOf(
      [...tensors].flatMap(([path, array]) =>
        path.startsWith(prefix)
          ? [[path.slice(prefix.length), array] as const]
          : [],
      ),
    );
  type Given = {
    readonly params: Tree<tf.Tensor>;
    readonly statistics: Tree<tf.Tensor>;
  };
  const engine = onnxEngine({ threads: 1 });
  try {
    const { image: encoders } = builtInModules;
    const encoder = encoders.create(
      encoders.resolve(image, 'image'),
      { embedding: 64 },
      'image',
    );
    const compiled = engine.compile<
      Given,
      { readonly images: tf.Tensor4D },
      { readonly groups: tf.Tensor }
    >(({ state: { params, statistics }, inputs }) => {
      const options = { training: false };
      const seen = encoder.apply(params, statistics, inputs.images, options);
      return { outputs: { groups: seen.groups } };
    });
    const state = engine.state<Given>({
      params: under('average.params.image.'),
      statistics: under('average.statistics.'),
    });
    const { groups } = await compiled.run(state, {
      images: float32([rows.length, 32, 32, 32], images),
    });
    return groups as NdArray<'float32'>;
  } finally {
    await engine.dispose();
  }
}

describe('clip-lung evaluate --by texts', () => {
  it('says so, and leaves what the head predicted alone', async () => {
    const head = await clipLung('evaluate', at('conditional'), '--json');
    const found = await byTexts(at('conditional'));
    const { rows } = await predictionsOf('conditional');
    expect(JSON.parse(head.out)).toMatchObject({ by: 'head', text: 'random' });
    expect(found).toMatchObject({
      by: 'texts',
      text: 'random',
      run: at('conditional'),
      nodules: rows.length,
    });
    const read = async (file: string): Promise<unknown> =>
      JSON.parse(await readFile(at('conditional', file), 'utf8'));
    const sha256: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);
    const printed = JSON.parse(head.out) as object;
    expect(await read('summary.json')).toEqual({ ...printed, sha256 });
    expect(await read('summary-by-texts.json')).toEqual({ ...found, sha256 });

    const table = await clipLung('evaluate', '--by', 'texts', at('fixed'));
    expect(table.out).toContain(
      'random text tower: its features mean nothing; classified by the texts of the classes',
    );
    expect(table.err).toContain('text tower: random weights');
  });

  it('predicts the nodules that the fold was tested with, otherwise than the head', async () => {
    await byTexts(at('conditional'));
    const [head, texts] = [
      await predictionsOf('conditional'),
      await predictionsOf('conditional', 'texts'),
    ];
    const about = ({ rows }: Predictions) =>
      rows.map(({ nodule, patient, label }) => [nodule, patient, label]);
    expect(about(texts)).toEqual(about(head));
    const apart = texts.rows.flatMap(({ probabilities }, i) =>
      probabilities.map((value, k) =>
        Math.abs(value - (head.rows[i]?.probabilities[k] ?? NaN)),
      ),
    );
    expect(Math.max(...apart)).toBeGreaterThan(0.01);
  });

  it('with a fixed template gives what CLIP’s zero-shot classifier says of the image features', async () => {
    await byTexts(at('fixed'));
    const { rows } = await predictionsOf('fixed', 'texts');
    const { tensors } = await readCheckpoint(foldPaths(at('fixed'), 1), 'best');
    const scale = tensors.get('average.params.logit_scale')?.data[0];
    const engine = onnxEngine({ threads: 1 });
    const { classify } = await zeroShotClassifier(
      randomTower({ seed: 1, width: text.width, layers: text.layers }),
      {
        engine,
        templates: [template],
        classes,
        scale: Math.exp(Number(scale)),
      },
    ).finally(() => engine.dispose());
    const { data } = classify(await groupsOf('fixed'));
    const found = rows.flatMap(({ probabilities }) => probabilities);
    expect(found).toHaveLength(data.length);
    found.forEach((probability, i) => {
      expect(probability).toBeCloseTo(data[i] ?? NaN, 5);
    });
    // Numbers that do not differ would agree with anything.
    expect(Math.max(...found) - Math.min(...found)).toBeGreaterThan(0.01);
  });

  it('finds a dataset that has moved, and refuses another', async () => {
    await rename(at('dataset'), at('moved'));
    try {
      const gone = await clipLung('evaluate', '--by', 'texts', at('fixed'));
      expect(gone.code).toBe(2);
      expect(gone.err).toMatch(
        /dataset.*is needed: .*give its folder with --data <folder>/,
      );
      const { accuracy } = await byTexts(at('fixed'), '--data', at('moved'));
      expect(accuracy).toBeTypeOf('number');

      await cp(at('moved'), at('changed'), { recursive: true });
      const crops = await readFile(at('changed', 'crops.npy'));
      await writeFile(
        at('changed', 'crops.npy'),
        Buffer.concat([
          crops.subarray(0, 128),
          Buffer.alloc(crops.length - 128),
        ]),
      );
      const before = await predictionsOf('fixed', 'texts');
      const evaluated = ['evaluate', '--by', 'texts', at('fixed')];
      const damaged = await clipLung(...evaluated, '--data', at('changed'));
      expect(damaged.code).toBe(1);
      expect(damaged.err).toMatch(/crops\.npy: was damaged or changed/);
      // Where somebody has put it right in the manifest, the head finds it out.
      await changeDigested(at('changed', 'manifest.json'), (text) => {
        const manifest = JSON.parse(text) as {
          readonly files: Readonly<Record<string, string>>;
        };
        const own = createHash('sha256');
        own.update(crops.subarray(0, 128));
        own.update(Buffer.alloc(crops.length - 128));
        const files = { ...manifest.files, 'crops.npy': own.digest('hex') };
        return JSON.stringify({ ...manifest, files });
      });
      const changed = await clipLung(...evaluated, '--data', at('changed'));
      expect(changed.code).toBe(1);
      expect(changed.err).toMatch(
        /predictions\.csv: for nodule .* the head said .*, and now says .*--data/,
      );
      expect(await predictionsOf('fixed', 'texts')).toEqual(before);
    } finally {
      await rename(at('moved'), at('dataset'));
    }
    await clipLung('phantom', at('lidc-3'), '--patients', '5', '--seed', '3');
    await clipLung(
      'prepare',
      at('lidc-3'),
      '--out',
      at('other'),
      '--folds',
      '2',
    );
    const other = await clipLung(
      ...['evaluate', '--by', 'texts', at('fixed'), '--data', at('other')],
    );
    expect(other.code).toBe(1);
    expect(other.err).toMatch(
      /other: is not the dataset that .*fixed was trained on: nodule /,
    );
  });

  it('finds a tower that has moved, and refuses another', async () => {
    const there = await byTexts(at('clip'));
    expect(there).toMatchObject({ text: 'clip', textModel: at('tower') });
    await rename(at('tower'), at('elsewhere'));
    const gone = await clipLung('evaluate', '--by', 'texts', at('clip'));
    expect(gone.code).toBe(1);
    expect(gone.err).toMatch(
      /clip: to classify by texts, its text tower is needed: .*give its folder with --text <folder>/,
    );
    const moved = await byTexts(at('clip'), '--text', at('elsewhere'));
    expect(moved).toEqual(there);

    const file = at('elsewhere', 'model.safetensors');
    const bytes = await readFile(file);
    // The last bit of a weight.
    bytes[bytes.length - 4] = (bytes[bytes.length - 4] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const other = await clipLung(
      ...['evaluate', '--by', 'texts', at('clip'), '--text', at('elsewhere')],
    );
    expect(other.code).toBe(1);
    expect(other.err).toMatch(
      /is not the one that .*clip was trained with: the SHA-256 .* --text/,
    );
  });

  it('refuses a run without texts, before it touches the others', async () => {
    await rm(at('conditional', 'summary-by-texts.json'), { force: true });
    const { code, err } = await clipLung(
      ...['evaluate', '--by', 'texts', at('conditional'), at('head-alone')],
    );
    expect(code).toBe(2);
    expect(err).toMatch(
      /head-alone: has no texts to classify by: none of its losses \(cross-entropy\)/,
    );
    await expect(
      access(at('conditional', 'summary-by-texts.json')),
    ).rejects.toThrow('ENOENT');
  });

  it('refuses options that do not fit', async () => {
    const of = async (...args: readonly string[]): Promise<string> => {
      const { code, err } = await clipLung('evaluate', at('fixed'), ...args);
      expect(code).toBe(2);
      return err;
    };
    expect(await of('--by', 'words')).toContain(
      'Allowed choices are head, texts',
    );
    expect(await of('--data', at('dataset'))).toContain(
      'only apply to --by texts',
    );
    expect(await of('--by', 'texts', '--text', at('tower'))).toMatch(
      /--text .*: the text tower of .* is "random", which is not read from a folder/,
    );
  });

  it('compares several runs', async () => {
    const { out, code } = await clipLung(
      ...['evaluate', '--by', 'texts', at('fixed'), at('conditional')],
    );
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n').slice(-3).join('\n')).toMatch(
      /^run .* by .*\n.*fixed .* texts .*\n.*conditional .* texts /,
    );
  });
});
