import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { leaves, type NdArray } from '@clip-lung/tensor';
import { readSafetensors, writeSafetensors } from '@clip-lung/tensor/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadClipTower } from './index.js';

describe('a folder of a text tower', () => {
  it('may have its weights in several files', async () => {
    const whole = await loadClipTower(fixture);
    const tensors = await weightsOf(fixture);
    const half = Math.ceil(tensors.length / 2);
    await shards({ a: tensors.slice(0, half), b: tensors.slice(half) });
    const tower = await loadClipTower(folder);
    expect(leaves(tower.weights)).toEqual(leaves(whole.weights));
    expect(tower.sha256).not.toBe(whole.sha256);
    // What the parts hold decides, not how the index lists them.
    await shards({ b: tensors.slice(half), a: tensors.slice(0, half) });
    expect((await loadClipTower(folder)).sha256).toBe(tower.sha256);
  });

  it('of which a part is missing, is of another folder, or holds a weight again, is refused by its name', async () => {
    const tensors = await weightsOf(fixture);
    await shards({ a: tensors, b: tensors.slice(0, 1) });
    await expect(loadClipTower(folder)).rejects.toThrow(
      /has the weight "\S+" twice/,
    );
    await rm(join(folder, 'model-b.safetensors'));
    await expect(loadClipTower(folder)).rejects.toThrow(
      /index\.json: names 2 files of weights, of which 1 is not beside it: model-b\.safetensors/,
    );
    const index = join(folder, 'model.safetensors.index.json');
    await writeFile(index, '{"weight_map":{"a":"../a.safetensors"}}');
    await expect(loadClipTower(folder)).rejects.toThrow(/at weight_map\.a/);
    await writeFile(
      index,
      '{"weight_map":{"x":"model-a.safetensors","x":"model-b.safetensors"}}',
    );
    await expect(loadClipTower(folder)).rejects.toThrow(
      /index\.json: is not JSON .*"x" is given twice/,
    );
    await writeFile(index, '{"weight_map":');
    await expect(loadClipTower(folder)).rejects.toThrow(
      /index\.json: is not JSON/,
    );
  });

  it('may be of transformers 5, which writes a tower without projection under shorter names', async () => {
    const tensors = (await weightsOf(fixture)).filter(
      ([name]) => name !== 'text_projection.weight',
    );
    await configure({ architectures: ['CLIPTextModel'] });
    await weights(tensors);
    const expected = await loadClipTower(folder);
    // As CLIPTextModel(config).save_pretrained(…) of transformers 5.18 names them.
    const shorter = tensors.map(
      ([name, array]) => [name.replace('text_model.', ''), array] as const,
    );
    expect(shorter.map(([name]) => name)).toContain(
      'encoder.layers.1.self_attn.q_proj.weight',
    );
    await weights(shorter);
    expect(leaves((await loadClipTower(folder)).weights)).toEqual(
      leaves(expected.weights),
    );
  });

  it.each([NaN, Infinity, -Infinity])(
    'with %d among its weights is refused by the weight’s name',
    async (value) => {
      const name = 'text_model.encoder.layers.1.mlp.fc1.weight';
      const tensors = await weightsOf(fixture);
      const array = new Map(tensors).get(name);
      if (array?.is('float32') === true) array.data[50] = value;
      await weights(tensors);
      await expect(loadClipTower(folder)).rejects.toThrow(
        `model.safetensors: the weight "${name}" [40, 16] has 1 value that is not finite, the first ${value} at 50`,
      );
    },
  );

  it.each<[string, readonly string[], RegExp]>([
    [
      'pickled weights',
      ['pytorch_model.bin'],
      /it has config\.json, pytorch_model\.bin, .*\n.*converts them to model\.safetensors: cd \S+ && python -c "[^"]+'pytorch_model\*\.bin'[^"]+"$/,
    ],
    [
      'pickled weights of open_clip',
      ['open_clip_pytorch_model.bin'],
      /converts them to open_clip_model\.safetensors: cd \S+ && python -c "/,
    ],
    [
      'parts without their index',
      ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
      /listed in model\.safetensors\.index\.json: add it$/,
    ],
    [
      'another half of the model',
      ['onnx/vision_model.onnx'],
      /it has .*onnx\/vision_model\.onnx\n.*the text tower alone is onnx\/text_model\.onnx: add it$/,
    ],
    ['weights of another framework', ['tf_model.h5'], /it has .*tf_model\.h5/],
  ])(
    'with %s says what is there, and what to do',
    async (_, files, message) => {
      await mkdir(join(folder, 'onnx'));
      for (const file of files) await writeFile(join(folder, file), 'x');
      const loading = loadClipTower(folder);
      await expect(loading).rejects.toThrow(
        /lacks model\.safetensors or onnx\/text_model\.onnx/,
      );
      await expect(loading).rejects.toThrow(message);
    },
  );

  it('with the slow tokenizer’s files says how to make the fast one’s', async () => {
    await rm(join(folder, 'tokenizer.json'));
    await writeFile(join(folder, 'vocab.json'), '{}');
    await writeFile(join(folder, 'merges.txt'), '');
    await expect(loadClipTower(folder)).rejects.toThrow(
      /lacks tokenizer\.json, .*\n.*CLIPTokenizerFast/,
    );
  });

  it.each([
    [
      { model_type: 'bert', architectures: ['BertModel'] },
      /another model, "bert" \(BertModel\); expected a CLIP text tower/,
    ],
    [{ model_type: 'siglip' }, /another model, "siglip"/],
    [{ model_type: 'clip_vision_model' }, /the image half of a CLIP model/],
    [{}, /does not say which model it describes/],
  ])(
    'of another model, %j, is refused by what it is, whatever files it lacks',
    async (config, message) => {
      await writeFile(join(folder, 'config.json'), JSON.stringify(config));
      await rm(join(folder, 'tokenizer.json'));
      await expect(loadClipTower(folder)).rejects.toThrow(message);
    },
  );

  it.each([
    'config.json',
    'tokenizer.json',
    'onnx/text_model.onnx',
    'model.safetensors',
  ])('with a pointer of Git LFS for %s says so', async (file) => {
    await mkdir(join(folder, 'onnx'));
    await weights(await weightsOf(fixture));
    await writeFile(
      join(folder, file),
      'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 253735728\n',
    );
    await expect(loadClipTower(folder)).rejects.toThrow(
      new RegExp(`${file}: is not the file itself, .*git lfs pull`),
    );
  });
});

const fixture = fileURLToPath(new URL('../../fixtures/clip', import.meta.url));

/** With a configuration and a tokenizer, and no weights yet. */
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-folder-'));
  for (const file of [
    'config.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ]) {
    await cp(join(fixture, file), join(folder, file));
  }
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

type Tensors = readonly (readonly [string, NdArray])[];

async function weightsOf(from: string): Promise<Tensors> {
  return [...(await readSafetensors(join(from, 'model.safetensors'))).tensors];
}

async function weights(tensors: Tensors): Promise<void> {
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
}

/** Weights in several files, by the letter of each, with their index. */
async function shards(parts: Readonly<Record<string, Tensors>>): Promise<void> {
  const map: Record<string, string> = {};
  for (const [letter, tensors] of Object.entries(parts)) {
    const file = `model-${letter}.safetensors`;
    await writeSafetensors(join(folder, file), tensors);
    for (const [name] of tensors) map[name] = file;
  }
  await writeFile(
    join(folder, 'model.safetensors.index.json'),
    JSON.stringify({ metadata: {}, weight_map: map }),
  );
}

async function configure(changes: object): Promise<void> {
  const file = join(folder, 'config.json');
  const { default: config } = (await import(join(fixture, 'config.json'), {
    with: { type: 'json' },
  })) as { default: object };
  await writeFile(file, JSON.stringify({ ...config, ...changes }));
}
