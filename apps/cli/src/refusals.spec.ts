import { access, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { clipLung, smallExperiment } from '../test/clip-lung.js';
import { changeDigested } from '../test/digested.js';

let folder = '';
let count = 0;
const at = (...names: readonly string[]): string => join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'refusals-'));
  await clipLung('phantom', at('lidc'), '--patients', '12', '--seed', '3');
  await clipLung('prepare', at('lidc'), '--out', at('dataset'));
  await cp(at('dataset'), at('unrated'), { recursive: true });
  await changeDigested(at('unrated', 'manifest.json'), (text) =>
    JSON.stringify({ ...JSON.parse(text), attributes: [] }),
  );
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

interface Refused {
  /** what of the small experiment is different */
  readonly experiment: object;
  /** the text of a plugin's file, which the experiment then lists */
  readonly plugin?: string;
  readonly dataset?: 'dataset' | 'unrated';
}

/** What `train` says of an experiment that it refuses, before it has written anything. */
async function refusal({
  experiment,
  plugin,
  dataset = 'dataset',
}: Refused): Promise<string> {
  const own = { ...smallExperiment, ...experiment };
  const file = at('experiment.json');
  if (plugin === undefined) {
    await writeFile(file, JSON.stringify(own));
  } else {
    // Of a name of its own: Node keeps the modules that it has loaded.
    const name = `plugin-${(count += 1)}.ts`;
    await writeFile(at(name), plugin);
    await writeFile(file, JSON.stringify({ ...own, plugins: [`./${name}`] }));
  }
  const out = at('run');
  const { code, err } = await clipLung(
    ...['train', file, '--data', at(dataset), '--out', out, '--fold', '0'],
    // JSON is data, and does not run what it names by itself.
    '--allow-plugins',
  );
  await expect(access(out)).rejects.toThrow('ENOENT');
  expect(code).not.toBe(0);
  return err;
}

const start = `
  import { defineHead, defineImageEncoder, defineLoss, defineOptimizer, definePrompt, defineTextTower, z } from '@clip-lung/model';
  import * as tf from '@tensorflow/tfjs-core';
  const options = z.strictObject({});`;
const loss = (body: string): string =>
  `${start} export default defineLoss({ name: 'own', options,
     create: () => ({ name: 'own', needs: [], compute({ logits }) { ${body} } }) });`;
const ownLoss = {
  losses: [{ use: 'cross-entropy' }, { use: 'own' }],
};

describe('train refuses, by the field of the experiment, before anything is written,', () => {
  it.each<readonly [string, Refused, RegExp]>([
    [
      'a loss that needs attributes on data without them',
      {
        experiment: {
          losses: [{ use: 'cross-entropy' }, { use: 'image-attribute' }],
        },
        dataset: 'unrated',
      },
      /^error: losses\[1\]: "image-attribute" needs the readers' ratings of the attributes, and the dataset \S+ \(phantom\) has none/m,
    ],
    [
      'such a loss that the preset brings',
      { experiment: {}, dataset: 'unrated' },
      /^error: losses\[2\]: "image-attribute" needs the readers' ratings/m,
    ],
    [
      'T that does not divide the channels',
      {
        experiment: {
          image: { use: 'resnet18', width: 2, groups: 3, channels: 4 },
        },
      },
      /^error: image\.groups: is 3, which does not divide the 4 channels; leave channels out, or set it to 3$/m,
    ],
    [
      'channels of which a group has not D',
      {
        experiment: {
          image: { use: 'resnet34', width: 2, groups: 2, channels: 4 },
        },
      },
      /^error: image\.channels: is 4: each of 2 groups has 2 maps of 8×8, 128 values, .* set it to 2$/m,
    ],
    [
      'more classes than prompts',
      {
        experiment: {
          prompt: { classNames: ['harmless', 'cancerous'] },
        },
      },
      /^error: prompt\.classNames: has 2 names \(harmless, cancerous\), the data has 3 classes \(benign, unsure, malignant\)/m,
    ],
    [
      'another number of costs than of classes',
      { experiment: { losses: [{ use: 'cost-sensitive', costs: [1, 2] }] } },
      /^error: losses\[0\]\.costs: has 2 numbers, expected 3/m,
    ],
    [
      'a forest that has too few outputs for its trees',
      { experiment: { head: { use: 'ordinal-forest', units: 5 } } },
      /^error: head\.units: is 5, expected at least 15/m,
    ],
    [
      'a plugin that throws when it is loaded',
      { experiment: ownLoss, plugin: `throw new Error('no such table');` },
      /^error: plugins\[0\]: \S+ cannot be loaded: no such table$/m,
    ],
    [
      'a plugin that is no TypeScript',
      { experiment: ownLoss, plugin: 'export default {' },
      /^error: plugins\[0\]: \S+ cannot be loaded: Unexpected token/m,
    ],
    [
      'a plugin that throws when it is made',
      {
        experiment: ownLoss,
        plugin: `${start} export default defineLoss({ name: 'own', options,
          create() { throw new Error('not today'); } });`,
      },
      /^error: losses\[1\]: not today$/m,
    ],
    [
      'a plugin that throws what is no error',
      {
        experiment: ownLoss,
        plugin: loss(`throw 'out of ideas';`),
      },
      /^error: losses\[1\]: out of ideas$/m,
    ],
    [
      'a plugin that throws when it is called',
      { experiment: ownLoss, plugin: loss(`return tf.reshape(logits, [7]);`) },
      /^error: losses\[1\]: .*\b24\b.*\b7\b/m,
    ],
    [
      'a plugin that asks for an operation which is not traced',
      {
        experiment: ownLoss,
        plugin: loss(
          `return tf.sum(tf.localResponseNormalization(tf.expandDims(tf.expandDims(logits))));`,
        ),
      },
      /^error: losses\[1\]: training step uses the tfjs kernel LRN of tf\.localResponseNormalization at \S*plugin\S*, which is not traced/m,
    ],
    [
      'a loss of a wrong shape',
      { experiment: ownLoss, plugin: loss(`return tf.sum(logits, 1);`) },
      /^error: losses\[1\]: gives \[8\] for its value, expected \[\]$/m,
    ],
    [
      'logits of a wrong shape',
      {
        experiment: { head: { use: 'own' } },
        plugin: `${start} export default defineHead({ name: 'own', options,
          create: () => ({ init: () => ({}), apply: (_, maps) => tf.mean(maps, [2, 3]) }) });`,
      },
      /^error: head: gives \[8, 2\] for logits, expected \[8, 3\]$/m,
    ],
    [
      'image features of a wrong shape',
      {
        experiment: { image: { use: 'own' } },
        plugin: `${start} export default defineImageEncoder({ name: 'own', options,
          create: (_, { embedding }) => ({
            name: 'own', sizes: { slices: 32, groups: 1, embedding, channels: 32 },
            init: () => ({ params: {}, statistics: {} }),
            apply: (_, statistics, images) => ({ features: images, groups: images, statistics }) }) });`,
      },
      /^error: image: gives \[8, 32, 32, 32\] for features, expected \[8, 32, 8, 8\]$/m,
    ],
    [
      'contexts of a wrong shape',
      {
        experiment: {
          prompt: {
            use: 'own',
            attributeTemplate: 'the nodule is {attribute}.',
          },
        },
        plugin: `${start} export default definePrompt({ name: 'own', options: z.object({}),
          create: () => ({ name: 'own', init: () => ({}), context: () => tf.zeros([1, 3, 16]) }) });`,
      },
      /^error: prompt: the context is \[1, 3, 16\], .* take \[B, 2, 16\]/m,
    ],
    [
      'parameters of a wrong shape',
      {
        experiment: { optimizer: { use: 'own' } },
        plugin: `${start} export default defineOptimizer({ name: 'own', options,
          create: () => ({ init: () => ({}), update: (params, _, state) => ({ params: {}, state }) }) });`,
      },
      /^error: optimizer: gives params without "\S+"$/m,
    ],
    [
      'a text tower of a wrong shape',
      {
        experiment: { text: { use: 'own' } },
        plugin: `${start} export default defineTextTower({ name: 'own', options,
          create: () => ({
            kind: 'random', name: 'own', sha256: null, weights: {},
            config: { width: 16, layers: 1, heads: 2, hidden: 64, embedding: 64, positions: 77, vocabulary: 9,
                      activation: 'quick_gelu', epsilon: 1e-5, projection: true, readAt: 'eot' },
            tokenizer: { sos: 0, eot: 1, encode: () => [2] } }) });`,
      },
      /^error: text: its weight "text_model\.\S+" is missing, expected \[\d+, 16\]/m,
    ],
  ])('%s', async (_, given, problem) => {
    expect(await refusal(given)).toMatch(problem);
  });
});
