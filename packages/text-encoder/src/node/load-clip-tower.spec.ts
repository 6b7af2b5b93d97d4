import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onnxEngine } from '@clip-lung/engine';
import {
  FileFormatError,
  leaves,
  mapTree,
  type NdArray,
} from '@clip-lung/tensor';
import { readSafetensors, writeSafetensors } from '@clip-lung/tensor/node';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPromptEncoder,
  encodeText,
  initialContext,
  promptsFromTemplate,
  TextTowerError,
} from '../index.js';
import { projectionName } from '../tower.js';
import { loadClipTower } from './index.js';

const engine = onnxEngine();
afterAll(() => engine.dispose());

const fixture = fileURLToPath(new URL('../../fixtures/clip', import.meta.url));
const tiny = fileURLToPath(
  new URL('../../../../../shared/clip-tiny', import.meta.url),
);

describe('loadClipTower', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clip-lung-tower-'));
    await cp(fixture, join(folder, 'clip'), { recursive: true });
    folder = join(folder, 'clip');
  });

  afterEach(async () => {
    await rm(join(folder, '..'), { recursive: true });
  });

  const onnx = (): string => join(folder, 'onnx', 'text_model.onnx');
  const safetensors = (): string => join(folder, 'model.safetensors');

  it('reads a folder, and agrees with transformers.js on it', async () => {
    const tower = await loadClipTower(folder);
    expect(tower.kind).toBe('clip');
    expect(tower.notes).toEqual([]);
    expect(tower.config).toMatchObject({ width: 16, layers: 2, positions: 32 });
    expect(tower.sha256).toBe(
      createHash('sha256')
        .update(await readFile(safetensors()))
        .digest('hex'),
    );
  });

  it('tokenizes as the byte-pair vocabulary says', async () => {
    const { tokenizer } = await loadClipTower(folder);
    const { model } = JSON.parse(
      await readFile(join(folder, 'tokenizer.json'), 'utf8'),
    ) as { model: { vocab: Record<string, number> } };
    const ids = (...tokens: string[]) =>
      tokens.map((token) => model.vocab[token]);
    expect(tokenizer.encode('The  nodule is benign.')).toEqual(
      ids('the</w>', 'no', 'du', 'le</w>', 'is</w>', 'ben', 'ign</w>', '.</w>'),
    );
    expect([tokenizer.sos, tokenizer.eot]).toEqual(
      ids('<|startoftext|>', '<|endoftext|>'),
    );
  });

  it('finds the same weights in the ONNX file when there is no other', async () => {
    const expected = await loadClipTower(folder);
    await rm(safetensors());
    const tower = await loadClipTower(folder);
    expect(leaves(tower.weights)).toEqual(leaves(expected.weights));
    expect(tower.sha256).not.toBe(expected.sha256);
    expect(tower.notes).toEqual([]);
  });

  it('says so when it cannot be checked', async () => {
    await rm(onnx());
    const { notes } = await loadClipTower(folder);
    expect(notes).toEqual([
      expect.stringMatching(/could not be checked against transformers\.js/),
    ]);
  });

  it('leaves the backend of the program as it was', async () => {
    class Another extends tf.KernelBackend {
      override dispose(): void {
        // It has nothing to free.
      }
    }
    tf.registerBackend('another', () => new Another());
    await tf.setBackend('another');
    await loadClipTower(folder);
    expect(tf.getBackend()).toBe('another');
    await tf.setBackend('cpu');
    tf.removeBackend('another');
  });

  const change = async (
    edit: (tensors: Map<string, NdArray>) => void,
  ): Promise<void> => {
    const tensors = new Map((await readSafetensors(safetensors())).tensors);
    edit(tensors);
    await writeSafetensors(safetensors(), tensors);
  };

  it('refuses weights that compute something else than transformers.js', async () => {
    await change((tensors) => {
      const bias = tensors.get('text_model.encoder.layers.1.mlp.fc2.bias');
      if (bias?.is('float32') === true) bias.data[3] = 0.5;
    });
    await expect(loadClipTower(folder)).rejects.toThrow(TextTowerError);
    await expect(loadClipTower(folder)).rejects.toThrow(
      /differ from those that transformers\.js computes/,
    );
  });

  it('refuses a configuration under which the weights compute something else', async () => {
    const file = join(folder, 'config.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('quick_gelu', 'gelu'));
    await expect(loadClipTower(folder)).rejects.toThrow(/activation/);
    await writeFile(
      file,
      text.replace('"num_attention_heads": 2', '"num_attention_heads": 4'),
    );
    await expect(loadClipTower(folder)).rejects.toThrow(/heads/);
  });

  it('lists missing and unknown weights', async () => {
    await change((tensors) => {
      const projection = tensors.get(projectionName);
      if (projection !== undefined) tensors.set('projection', projection);
      tensors.delete(projectionName);
    });
    const loading = loadClipTower(folder);
    await expect(loading).rejects.toThrow(FileFormatError);
    await expect(loading).rejects.toThrow(
      /- text_projection\.weight \[12, 16\]\n\+ projection \[12, 16\]/,
    );
  });

  it('names the files that a folder lacks', async () => {
    await rm(join(folder, 'tokenizer.json'));
    await rm(safetensors());
    await rm(onnx());
    await expect(loadClipTower(folder)).rejects.toThrow(
      /lacks tokenizer\.json, model\.safetensors or onnx\/text_model\.onnx/,
    );
  });

  it.each([
    ['half', 0.5],
    ['all but a tenth', 0.1],
    ['nothing', 0],
  ])('refuses an ONNX file of which %s is left', async (_, part) => {
    const { length } = await readFile(onnx());
    await rm(safetensors());
    await truncate(onnx(), Math.floor(length * part));
    await expect(loadClipTower(folder)).rejects.toThrow(FileFormatError);
  });

  it('refuses a config.json that is not JSON', async () => {
    await writeFile(join(folder, 'config.json'), '{');
    await expect(loadClipTower(folder)).rejects.toThrow(
      /config\.json: is not JSON/,
    );
  });

  it('takes a model by its name from the cache', async () => {
    const cacheFolder = join(folder, '..', 'cache');
    const cached = join(cacheFolder, 'someone', 'a-clip');
    await cp(folder, cached, { recursive: true });
    const tower = await loadClipTower('someone/a-clip', {
      cacheFolder,
      download: false,
    });
    expect(tower.name).toBe('someone/a-clip');
    expect(tower.folder).toBe(cached);
  });

  it('says what to put where when a model cannot be had', async () => {
    const cacheFolder = join(folder, '..', 'cache');
    const loading = loadClipTower('someone/a-clip', {
      cacheFolder,
      download: false,
    });
    await expect(loading).rejects.toThrow(TextTowerError);
    await expect(loading).rejects.toThrow(
      `put them into ${join(cacheFolder, 'someone/a-clip')}`,
    );
    await expect(loading).rejects.toThrow(
      /Put config\.json, tokenizer\.json, tokenizer_config\.json and model\.safetensors/,
    );
  });
});

describe.skipIf(!existsSync(tiny))(
  'on ../shared/clip-tiny, CLIP’s own tokenizer and what the Python transformers compute',
  () => {
    interface Golden {
      readonly prompts: readonly string[];
      readonly input_ids: readonly (readonly number[])[];
      readonly text_embeds: readonly (readonly number[])[];
    }
    const golden = async (): Promise<Golden> =>
      JSON.parse(await readFile(join(tiny, 'golden.json'), 'utf8')) as Golden;

    it('has the token ids of every prompt', async () => {
      const { tokenizer } = await loadClipTower(tiny);
      const { prompts, input_ids: ids } = await golden();
      expect(prompts.length).toBeGreaterThan(0);
      expect(
        prompts.map((text) => [
          tokenizer.sos,
          ...tokenizer.encode(text),
          tokenizer.eot,
        ]),
      ).toEqual(ids);
    });

    it('tells "internalStructure", as the published code spells it, from "internal structure"', async () => {
      const { tokenizer } = await loadClipTower(tiny);
      // `intern al structure</w>`, and `internal</w> structure</w>`; by the tokenizer of the Python transformers, too.
      expect(tokenizer.encode('internalStructure')).toEqual([9976, 526, 5285]);
      expect(tokenizer.encode('internal structure')).toEqual([11285, 5285]);
    });

    it('has the features of every prompt', async () => {
      const tower = await loadClipTower(tiny);
      const { prompts, text_embeds: expected } = await golden();
      const { data, shape } = await encodeText(tower, prompts, { engine });
      await tf.setBackend('cpu');
      const features = tf.tensor2d(data, shape as [number, number]);
      expect(features.shape).toEqual([12, 64]);
      const error = tf.max(
        tf.abs(tf.sub(features, tf.tensor2d(expected as number[][]))),
      );
      expect(error.dataSync()[0]).toBeLessThan(1e-5);
    });

    it('has those of a template’s own words as context, too', async () => {
      const tower = await loadClipTower(tiny);
      const { text_embeds: expected } = await golden();
      await tf.setBackend('cpu');
      const { context, prompts } = promptsFromTemplate(
        tower,
        'a nodule image of {class}.',
        ['benign', 'unsure', 'malignant'],
        4,
      );
      // `a no du le`
      expect(context).toEqual([320, 578, 691, 579]);
      const encoder = createPromptEncoder(tower, prompts);
      const start = initialContext(tower, 'a nodule image of', 4);
      const frozen = mapTree(
        encoder.frozen,
        ({ data, shape }: NdArray<'float32'>) => tf.tensor(data, [...shape]),
      );
      const features = encoder.encode(
        frozen,
        tf.tensor3d(start.data, [1, 4, 64]),
      );
      const error = tf.max(
        tf.abs(
          tf.sub(features, tf.tensor3d([expected.slice(0, 3) as number[][]])),
        ),
      );
      expect(error.dataSync()[0]).toBeLessThan(1e-5);
    });

    it('moves names of several tokens as they are', async () => {
      const { tokenizer } = await loadClipTower(tiny);
      const itemsAt = (position: 'front' | 'middle') =>
        promptsFromTemplate(
          { tokenizer },
          'a nodule image of {attribute}.',
          ['internal structure'],
          4,
          { position },
        ).prompts[0]?.items.map((item) =>
          'slot' in item ? `v${item.slot}` : item.token,
        );
      // `internal structure`, and behind the context `image of .`
      const [name, rest] = [
        [11285, 5285],
        [2867, 539, 269],
      ];
      expect(itemsAt('front')).toEqual([
        ...name,
        ...['v0', 'v1', 'v2', 'v3'],
        ...rest,
      ]);
      expect(itemsAt('middle')).toEqual([
        ...['v0', 'v1'],
        ...name,
        ...['v2', 'v3'],
        ...rest,
      ]);
    });

    it('loads from its ONNX file alone', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'clip-lung-tiny-'));
      try {
        await mkdir(join(folder, 'onnx'));
        for (const file of [
          'config.json',
          'tokenizer.json',
          'tokenizer_config.json',
          'onnx/text_model.onnx',
        ]) {
          await copyFile(join(tiny, file), join(folder, file));
        }
        const [ours, expected] = await Promise.all(
          [folder, tiny].map(async (from) =>
            leaves((await loadClipTower(from)).weights),
          ),
        );
        expect(ours?.length).toBe(expected?.length);
        ours?.forEach(([name, { data }], at) => {
          // Millions of numbers: Buffers compare much faster than matchers do.
          const same = Buffer.from(
            data.buffer,
            data.byteOffset,
            data.byteLength,
          );
          const { buffer, byteOffset, byteLength } =
            expected?.[at]?.[1].data ?? data.slice(1);
          expect(
            same.equals(Buffer.from(buffer, byteOffset, byteLength)),
            name,
          ).toBe(true);
        });
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  },
);

if (!existsSync(tiny)) {
  console.warn(
    `${tiny} is absent: the tests on CLIP's own tokenizer are skipped`,
  );
}
