import {
  copyFile,
  cp,
  mkdtemp,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onnxEngine } from '@clip-lung/engine';
import { FileFormatError, leaves, type NdArray } from '@clip-lung/tensor';
import { readSafetensors, writeSafetensors } from '@clip-lung/tensor/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPromptEncoder,
  type EncoderArrays,
  PromptError,
  type TextTower,
  TextTowerError,
} from '../index.js';
import { projectionName } from '../tower.js';
import { loadClipTower } from './index.js';

/** A tower of open_clip: other sizes, exact GELU, read at the largest id; see tools/reference/text_encoder_open_clip.py. */
const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url));
const second = join(fixtures, 'open-clip');

interface Golden {
  readonly ids: readonly number[];
  readonly features: readonly number[];
  readonly pooled: readonly number[];
}

const golden = async (): Promise<readonly Golden[]> =>
  JSON.parse(await readFile(join(second, 'golden.json'), 'utf8')) as Golden[];

const engine = onnxEngine();
afterAll(() => engine.dispose());

/** Features of sequences given as ids, as a part of the largest away from what is expected. */
async function errorOf(
  tower: TextTower,
  expected: readonly (readonly number[])[],
): Promise<number> {
  const prompts = (await golden()).map(({ ids }) => ({
    text: ids.join(' '),
    items: ids.map((token) => ({ token })),
  }));
  const encoder = createPromptEncoder(tower, prompts);
  const { features } = await engine
    .compile<
      Record<string, never>,
      { readonly arrays: EncoderArrays<tf.Tensor> },
      { readonly features: tf.Tensor }
    >(({ inputs }) => ({
      outputs: {
        features: encoder.encode(
          inputs.arrays,
          tf.zeros([1, 0, encoder.width]),
        ),
      },
    }))
    .run(engine.state({}), { arrays: encoder.frozen });
  const values = expected.flat();
  expect(features.data.length).toBe(values.length);
  const largest = Math.max(...values.map(Math.abs));
  return Math.max(
    ...values.map(
      (value, at) => Math.abs(value - Number(features.data[at])) / largest,
    ),
  );
}

describe('a tower of open_clip', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clip-lung-second-'));
    for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
      await copyFile(join(fixtures, 'clip', file), join(folder, file));
    }
  });

  afterEach(() => rm(folder, { recursive: true }));

  const put = async (...files: readonly string[]): Promise<void> => {
    for (const file of files) {
      const [from = '', to = from] = file.split('>');
      await cp(join(second, from), join(folder, to), { recursive: true });
    }
  };
  const features = async () => (await golden()).map((text) => text.features);

  // float32 against float64, over three layers.
  const tolerance = 1e-5;

  it.each([
    [
      'open_clip’s names and configuration',
      ['open_clip_config.json', 'open_clip_model.safetensors'],
    ],
    [
      'open_clip’s names in model.safetensors, checked by transformers.js',
      [
        'config.json',
        'open_clip_model.safetensors>model.safetensors',
        'onnx/text_model.onnx',
      ],
    ],
    ['the ONNX file alone', ['config.json', 'onnx/text_model.onnx']],
  ])('is loaded from %s', async (_, files) => {
    await put(...files);
    const tower = await loadClipTower(folder);
    expect(tower.config).toMatchObject({
      width: 12,
      heads: 3,
      layers: 3,
      embedding: 10,
      hidden: 48,
      positions: 20,
      activation: 'gelu',
      readAt: 'largest-id',
    });
    expect(tower.notes).toHaveLength(
      files.length === 2 && files[1]?.includes('open') ? 1 : 0,
    );
    expect(await errorOf(tower, await features())).toBeLessThan(tolerance);
  });

  it.each([
    // Weights of 11 bits, and of 8: what rounding them costs, and far less than a wrong weight would.
    ['float16.safetensors>model.safetensors', 'float16', 3e-3],
    ['bfloat16.safetensors>model.safetensors', 'bfloat16', 3e-2],
    ['float16.onnx>onnx/text_model_fp16.onnx', 'float16', 3e-3],
  ])('is widened from %s, with a word', async (file, precision, most) => {
    await put('config.json', file);
    const tower = await loadClipTower(folder);
    expect(tower.notes[0]).toContain(`weights of ${precision} precision`);
    const error = await errorOf(tower, await features());
    expect(error).toBeLessThan(most);
    expect(error).toBeGreaterThan(tolerance);
  });

  it('may have half precision weights beside an ONNX file of full precision', async () => {
    await put('config.json', 'onnx/text_model.onnx');
    await put('float16.safetensors>model.safetensors');
    const { notes } = await loadClipTower(folder);
    expect(notes).toHaveLength(1);
  });

  it.each([
    [
      'onnx/text_model.onnx',
      FileFormatError,
      /is quantised .*DequantizeLinear/,
    ],
    [
      'onnx/text_model_quantized.onnx',
      TextTowerError,
      /only quantised weights \(onnx\/text_model_quantized\.onnx\)/,
    ],
  ])('is refused when %s is quantised', async (file, kind, message) => {
    await put('config.json', `quantised.onnx>${file}`);
    const loading = loadClipTower(folder);
    await expect(loading).rejects.toThrow(kind);
    await expect(loading).rejects.toThrow(message);
  });

  it('may come without projection, and is then read before it', async () => {
    await put('config.json', 'onnx');
    const { weights } = await loadClipTower(folder);
    await rm(join(folder, 'onnx'), { recursive: true });
    const kept: (readonly [string, NdArray])[] = leaves(weights);
    await writeSafetensors(
      join(folder, 'model.safetensors'),
      kept.filter(([name]) => name !== projectionName),
    );
    const file = join(folder, 'config.json');
    const config = await readFile(file, 'utf8');
    await writeFile(file, config.replace('WithProjection', ''));
    const tower = await loadClipTower(folder);
    expect(tower.config).toMatchObject({ projection: false, embedding: 12 });
    const pooled = (await golden()).map((text) => text.pooled);
    expect(await errorOf(tower, pooled)).toBeLessThan(tolerance);
  });

  it('takes no tokens behind [EOT], at which it would be read', async () => {
    await put('open_clip_config.json', 'open_clip_model.safetensors');
    const tower = await loadClipTower(folder);
    const added = {
      text: 'added',
      items: [{ token: tower.tokenizer.eot + 1 }],
    };
    expect(() => createPromptEncoder(tower, [added])).toThrow(PromptError);
    expect(() => createPromptEncoder(tower, [added])).toThrow(
      /reads features at the largest id/,
    );
  });

  it('lists what is missing and unknown by name', async () => {
    await put('open_clip_config.json');
    const { tensors } = await readSafetensors(
      join(second, 'open_clip_model.safetensors'),
    );
    const changed = new Map(tensors);
    const gamma = changed.get('transformer.resblocks.1.ln_1.weight');
    if (gamma === undefined) throw new Error('the fixture lacks a weight');
    changed.delete('transformer.resblocks.1.ln_1.weight');
    changed.set('transformer.resblocks.1.ls_1.gamma', gamma);
    await writeSafetensors(
      join(folder, 'open_clip_model.safetensors'),
      changed,
    );
    await expect(loadClipTower(folder)).rejects.toThrow(
      /- text_model\.encoder\.layers\.1\.layer_norm1\.weight \[12\]\n\+ transformer\.resblocks\.1\.ls_1\.gamma \[12\]/,
    );
  });

  it('is refused with a tower of another kind in its configuration', async () => {
    await put('open_clip_model.safetensors');
    const text = await readFile(join(second, 'open_clip_config.json'), 'utf8');
    const file = join(folder, 'open_clip_config.json');
    for (const [other, problem] of [
      ['"hf_model_name": "roberta-base", "layers"', /hf_model_name/],
      ['"pool_type": "last", "layers"', /pool_type/],
      ['"no_causal_mask": true, "layers"', /no_causal_mask/],
    ] as const) {
      // The text part is the second to name its layers.
      await writeFile(file, text.replace(/"layers"(?=: 3)/, other));
      await expect(loadClipTower(folder)).rejects.toThrow(problem);
    }
  });
});
