import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClipLungError } from '@clip-lung/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadClipTower } from './index.js';

/** What is done to a tower's folder, and what its error then says. Null puts a folder in a file's place. */
type Attack = readonly [
  what: string,
  file: string,
  content: Buffer | string | null | ((before: Buffer) => Buffer | string),
  problem: RegExp,
];

const attacks: readonly Attack[] = [
  ...(
    [
      ['num_hidden_layers', 2 ** 31],
      ['hidden_size', 2 ** 31],
      ['intermediate_size', 2 ** 40],
      ['max_position_embeddings', 1e9],
      ['vocab_size', 2 ** 40],
      ['num_attention_heads', 0],
    ] as const
  ).map(
    ([key, value]): Attack => [
      `claims ${key} of ${value}`,
      'config.json',
      (before) =>
        JSON.stringify({ ...JSON.parse(before.toString()), [key]: value }),
      new RegExp(
        `config\\.json: .*values that a CLIP text tower cannot have[^]*${key}`,
      ),
    ],
  ),
  ...['config.json', 'tokenizer.json', 'tokenizer_config.json'].flatMap(
    (file): readonly Attack[] => [
      [
        `has a million lists in each other in ${file}`,
        file,
        '['.repeat(1e6),
        /lie more than 100 deep/,
      ],
      [`has a folder for ${file}`, file, null, /that is a folder, expected/],
    ],
  ),
  [
    'has a tokenizer with an id that no embedding has',
    'tokenizer.json',
    (before) => before.toString().replace(/"id":\s*\d+/, '"id": 4000000000'),
    /tokenizer\.json: gives the id 4000000000|tokenizer\.json: encodes/,
  ],
  ...['config.json', 'tokenizer.json'].map(
    (file): Attack => [
      `has a byte in ${file} that is not text`,
      file,
      (before) => {
        before[before.indexOf('"') + 2] = 0xe9;
        return before;
      },
      /it is not UTF-8 text/,
    ],
  ),
  [
    'has a tokenizer that fails when it is used',
    'tokenizer.json',
    (before) =>
      before
        .toString()
        .replace(/"merges":\s*\[[^]*?\](?=,|\s*\})/, '"merges": [[7]]'),
    /tokenizer\.json: /,
  ],
  ['has null for a tokenizer', 'tokenizer.json', 'null', /tokenizer\.json: /],
  [
    'claims a header of 2⁶⁰ bytes',
    'model.safetensors',
    (before) => {
      before.writeBigUInt64LE(2n ** 60n);
      return before;
    },
    /model\.safetensors: the header claims 1152921504606847000 bytes/,
  ],
  [
    'claims a tensor of 2¹⁰⁰ elements',
    'model.safetensors',
    safetensors({
      a: { dtype: 'F32', shape: [2 ** 50, 2 ** 50], data_offsets: [0, 8] },
    }),
    /tensor "a" of type F32 .* takes 5\.07\d*e\+30 bytes, its data_offsets span 8/,
  ],
  [
    'has more tensors than any model',
    'model.safetensors',
    safetensors(
      Object.fromEntries(
        Array.from({ length: 150_000 }, (_, i) => [
          `t${i}`,
          { dtype: 'F32', shape: [0], data_offsets: [0, 0] },
        ]),
      ),
    ),
    /holds 150000 tensors, expected at most 100000/,
  ],
  [
    'has a folder for its weights',
    'model.safetensors',
    null,
    /model\.safetensors: cannot be read: that is a folder/,
  ],
  [
    'has a folder for the index of its weights',
    'model.safetensors.index.json',
    null,
    /index\.json: cannot be read: that is a folder/,
  ],
  [
    'has an index nested without an end',
    'model.safetensors.index.json',
    '{"weight_map":'.repeat(1e5),
    /index\.json: is not JSON .*100 deep/,
  ],
  [
    'has an ONNX model that is none',
    'onnx/text_model.onnx',
    Buffer.alloc(5000, 7),
    /text_model\.onnx: cannot be run by transformers\.js/,
  ],
];

describe('a text tower of somebody else', () => {
  it.each(attacks)(
    'that %s is refused by the name of its file',
    async (_, file, content, problem) => {
      const path = join(folder, file);
      const before = await readFile(path).catch(() => Buffer.alloc(0));
      await rm(path, { force: true });
      if (file === 'model.safetensors.index.json') {
        await rm(join(folder, 'model.safetensors'));
      }
      if (content === null) await mkdir(path);
      else {
        await writeFile(
          path,
          typeof content === 'function' ? content(before) : content,
        );
      }
      const loading = loadClipTower(folder);
      await expect(loading).rejects.toBeInstanceOf(ClipLungError);
      await expect(loading).rejects.toThrow(problem);
    },
    30_000,
  );

  it('that has a file for its folder of ONNX models lacks them, and no more', async () => {
    await rm(join(folder, 'onnx'), { recursive: true });
    await writeFile(join(folder, 'onnx'), 'x');
    const { notes } = await loadClipTower(folder);
    expect(notes.join()).toMatch(/could not be checked/);
    await rm(join(folder, 'model.safetensors'));
    await expect(loadClipTower(folder)).rejects.toThrow(
      /lacks model\.safetensors or onnx\/text_model\.onnx; it has/,
    );
  });
});

/** A file of a header alone. */
function safetensors(header: object): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(8)]);
}

const fixture = fileURLToPath(new URL('../../fixtures/clip', import.meta.url));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clip-lung-tower-'));
  await cp(fixture, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));
