import { fileURLToPath } from 'node:url';

import {
  float32,
  type NdArray,
  sizeOf,
  type Tree,
  treeOf,
} from '@clip-lung/tensor';
import { readSafetensors } from '@clip-lung/tensor/node';
import type { TextTower } from '@clip-lung/text-encoder';
import { z } from 'zod';

import type { PresetName } from '../src/presets.js';

/** What tools/reference/model.py wrote, by name: see there. */
export type Arrays = ReadonlyMap<string, NdArray>;

/** One file of it. */
export interface Fixture {
  readonly tensors: Arrays;
  readonly metadata: Readonly<Record<string, string>>;
}

const about = {
  tokens: z.object({
    words: z.record(z.string(), z.array(z.int())),
    sos: z.int(),
    eot: z.int(),
  }),
  training: z.object({
    learningRate: z.number(),
    momentum: z.number(),
    weightDecay: z.number(),
    averageDecay: z.number(),
    highScale: z.number(),
  }),
  sizes: z.object({
    width: z.int(),
    heads: z.int(),
    layers: z.int(),
    positions: z.int(),
  }),
};

export function readFixture(name: string): Promise<Fixture> {
  const file = new URL(`../fixtures/${name}.safetensors`, import.meta.url);
  return readSafetensors(fileURLToPath(file));
}

/** What the fixture `start` says of itself. */
export function told<Name extends keyof typeof about>(
  { metadata }: Fixture,
  name: Name,
): z.infer<(typeof about)[Name]> {
  const value: unknown = JSON.parse(metadata[name] ?? 'null');
  return about[name].parse(value) as z.infer<(typeof about)[Name]>;
}

export function stored(arrays: Arrays, name: string): NdArray<'float32'> {
  const array = arrays.get(name);
  if (array === undefined) throw new Error(`the fixture has no "${name}"`);
  return array as NdArray<'float32'>;
}

/** The arrays whose names start so, without that. */
function under(
  arrays: Arrays,
  prefix: string,
): (readonly [string, NdArray<'float32'>])[] {
  return [...arrays.keys()]
    .filter((name) => name.startsWith(prefix))
    .map((name) => [name.slice(prefix.length), stored(arrays, name)]);
}

/** Row `index` of an array's first axis. */
export function row(
  { shape, data }: NdArray<'float32'>,
  index: number,
): NdArray<'float32'> {
  const own = shape.slice(1);
  const size = sizeOf(own);
  return float32(own, data.slice(index * size, (index + 1) * size));
}

/** Each of a crop's 8×8×8 values is 4×4×4 voxels: [B, 8, 8, 8] to [B, 32, 32, 32]. */
export function voxels({
  shape,
  data,
}: NdArray<'float32'>): NdArray<'float32'> {
  const [batch = 0] = shape;
  const coarse = (at: number): number => at % 32 >> 2;
  return float32(
    [batch, 32, 32, 32],
    Float32Array.from({ length: batch * 32 ** 3 }, (_, i) => {
      const [nodule, z, y] = [i >> 15, coarse(i >> 10), coarse(i >> 5)];
      return data[nodule * 512 + z * 64 + y * 8 + coarse(i)] ?? NaN;
    }),
  );
}

/** The fixture's tower, as a tower that was read from a file would be. */
export function towerOf(start: Fixture): TextTower {
  const { words, sos, eot } = told(start, 'tokens');
  const { heads, layers, positions } = told(start, 'sizes');
  const table = stored(start.tensors, 'table');
  const [vocabulary = 0, width = 0] = table.shape;
  return {
    kind: 'random',
    name: 'fixture',
    config: {
      width,
      layers,
      heads,
      hidden: 4 * width,
      embedding: 64,
      positions,
      vocabulary,
      activation: 'quick_gelu',
      epsilon: 1e-5,
      projection: true,
      readAt: 'eot',
    },
    weights: treeOf([
      ...under(start.tensors, 'text.'),
      ['text_model.embeddings.token_embedding.weight', table],
    ]),
    tokenizer: {
      sos,
      eot,
      encode: (text) =>
        (text.toLowerCase().match(/\w+|\S/g) ?? []).flatMap(
          (word) => words[word] ?? [],
        ),
    },
    sha256: null,
  };
}

/** The fixture's start, or that with another logit scale, as a training run would resume from it. */
export function startOf(
  { tensors }: Fixture,
  preset: PresetName,
  logitScale: NdArray<'float32'> = stored(tensors, 'logit_scale'),
): Readonly<Record<'params' | 'statistics', Tree<NdArray<'float32'>>>> {
  const isStatistic = (name: string): boolean => name.includes('.running_');
  const trained = preset === 'published-code' ? ['text'] : [];
  const params = treeOf<NdArray<'float32'>>([
    ...['image', 'head', 'prompt', ...trained].flatMap((part) =>
      under(tensors, `${part}.`)
        .filter(([name]) => !isStatistic(name))
        .map(([name, array]) => [`${part}.${name}`, array] as const),
    ),
    ['logit_scale', logitScale],
  ]);
  const statistics = treeOf(
    under(tensors, 'image.').filter(([name]) => isStatistic(name)),
  );
  return { params, statistics };
}
