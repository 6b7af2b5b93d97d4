// A frozen text tower of the size of ViT-B/16 with random weights, and the default prompts as CLIP's tokenizer sees them:
// what the peers of the benchmarks `text` and `step` share.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { float32, leaves, RandomStream, treeOf } from '@clip-lung/tensor';
import { readSafetensors, writeSafetensors } from '@clip-lung/tensor/node';
import { randomTower, tokenEmbeddingName } from '@clip-lung/text-encoder';

/** T */
export const contextLength = 4;
const [sos, eot, vocabulary] = [49406, 49407, 49408];

export const classes = ['benign', 'unsure', 'malignant'];

/** What CLIP's tokenizer makes of the default prompts' words: the first four tokens are `a no du le`. */
const words = {
  a: [320],
  the: [518],
  nodule: [578, 691, 579],
  image: [2867],
  of: [539],
  is: [533],
  '.': [269],
  benign: [1465, 2326],
  unsure: [26396],
  malignant: [41122, 773],
  subtlety: [1783, 39141, 744],
  internal: [11285],
  structure: [5285],
  calcification: [22824, 4523],
  sphericity: [28909, 1206, 696],
  margin: [21357],
  lobulation: [549, 2572, 656],
  spiculation: [17264, 32896],
  texture: [16505],
  malignancy: [41122, 3633],
};

/** A tokenizer of those words. */
export const tokenizer = {
  sos,
  eot,
  encode: (text) =>
    text.match(/\w+|\S/g).flatMap((word) => {
      if (word in words) return words[word];
      throw new Error(`the benchmark's tokenizer does not know "${word}"`);
    }),
};

const attributes = [
  'subtlety',
  'internal structure',
  'calcification',
  'sphericity',
  'margin',
  'lobulation',
  'spiculation',
  'texture',
];

/** Ids after the context, of the classes' prompts and the attributes'. */
const after = (text) => tokenizer.encode(text).slice(contextLength);
export const suffixes = [
  ...classes.map((name) => after(`a nodule image of ${name}.`)),
  ...attributes.map((name) => after(`the nodule is ${name}.`)),
];
/** The published code has one attribute more. */
const ninth = [after('the nodule is malignancy.')];

/** Values of a deviation, spread evenly, so that tables of millions are made in a moment. */
export function drawEvenly(random, name, deviation, ...shape) {
  const stream = random.stream(name);
  const bound = deviation * Math.sqrt(3);
  const size = shape.reduce((product, length) => product * length);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = stream.uniform(-bound, bound);
  return float32(shape, values);
}

/** Writes `tower.safetensors`, by the names of transformers, and `prompts.json`. @returns the tower's configuration */
export async function writeTower(folder) {
  const tower = randomTower({
    seed: 1,
    width: 512,
    layers: 12,
    heads: 8,
    embedding: 512,
  });
  const random = new RandomStream(1, 'bench-tower');
  const weights = leaves(tower.weights).map(([name, array]) => [
    name,
    name === tokenEmbeddingName
      ? drawEvenly(random, name, 0.02, vocabulary, tower.config.width)
      : array,
  ]);
  await writeSafetensors(join(folder, 'tower.safetensors'), weights);
  const config = { ...tower.config, vocabulary };
  await writeFile(
    join(folder, 'prompts.json'),
    JSON.stringify({ config, sos, eot, suffixes, ninth }),
  );
  return config;
}

/** The tower that {@link writeTower} wrote, as one that was loaded would be. */
export async function readTower(folder) {
  const { config } = JSON.parse(
    await readFile(join(folder, 'prompts.json'), 'utf8'),
  );
  const { tensors } = await readSafetensors(join(folder, 'tower.safetensors'));
  return {
    kind: 'random',
    name: 'benchmark',
    config,
    weights: treeOf(tensors),
    tokenizer,
    sha256: null,
  };
}
