import { cpuEngine } from '@clip-lung/engine';
import { leaves } from '@clip-lung/tensor';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  encodeText,
  randomTower,
  readTowerWeights,
  TextTowerError,
} from './index.js';
import { wordTokenizer, wordVocabulary } from './tokenizer.js';

const engine = cpuEngine();

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('randomTower', () => {
  const tower = randomTower({ seed: 1 });

  it('is labelled as random', () => {
    expect(tower.kind).toBe('random');
    expect(tower.name).toMatch(/^random/);
    expect(tower.sha256).toBeNull();
  });

  it('has exactly the weights of a tower of its sizes', () => {
    for (const options of [
      {},
      { width: 12, heads: 3, layers: 1, embedding: 7 },
    ]) {
      const { weights, config } = randomTower({ seed: 1, ...options });
      expect(() =>
        readTowerWeights(leaves(weights), config, 'random'),
      ).not.toThrow();
    }
  });

  it('is the same for the same seed, and another for another', async () => {
    const features = (seed: number) =>
      encodeText(randomTower({ seed }), ['benign'], { engine });
    expect(await features(1)).toEqual(await features(1));
    expect(await features(1)).not.toEqual(await features(2));
  });

  it('tells the words apart that a nodule is described in', async () => {
    const words = ['benign', 'unsure', 'malignant', 'margin', 'texture', 'zyx'];
    const { data, shape } = await encodeText(
      tower,
      words.map((word) => `a nodule image of ${word}.`),
      { engine },
    );
    const features = tf.tensor(data, [...shape]);
    const unit = tf.div(features, tf.norm(features, 2, 1, true));
    const cosines = tf
      .matMul(unit, unit, false, true)
      .arraySync() as number[][];
    cosines.forEach((row, i) => {
      row.forEach((cosine, j) => {
        if (i !== j) expect(cosine).toBeLessThan(0.99);
      });
    });
  });

  it('refuses heads that do not divide the width', () => {
    expect(() => randomTower({ seed: 1, width: 64, heads: 3 })).toThrow(
      TextTowerError,
    );
  });
});

describe('wordTokenizer', () => {
  const tokenizer = wordTokenizer();
  const encode = (text: string): readonly number[] => tokenizer.encode(text);

  it('gives the words of prompts one token each, whatever their case and spacing', () => {
    const ids = encode('A  nodule image of BENIGN .');
    expect(ids).toHaveLength(6);
    expect(ids).toEqual(encode('a nodule image of benign.'));
  });

  it('gives different words different tokens', () => {
    const word = fc.stringMatching(/^[\p{Ll}\p{N}]+$/u);
    const key = (words: readonly string[]): string =>
      words.map((text) => text.normalize('NFC').toLowerCase()).join(' ');
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 3 }),
        fc.array(word, { maxLength: 3 }),
        (a, b) => {
          const same =
            encode(a.join(' ')).join() === encode(b.join(' ')).join();
          expect(same).toBe(key(a) === key(b));
        },
      ),
      {
        examples: [
          [['ab', 'c'], ['abc']],
          [
            ['a', 'bc'],
            ['ab', 'c'],
          ],
        ],
      },
    );
  });

  it('stays within its vocabulary, and never gives [SOS] or [EOT]', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        for (const id of encode(text)) {
          expect(id).toBeLessThan(wordVocabulary);
          expect(id).toBeGreaterThan(Math.max(tokenizer.sos, tokenizer.eot));
        }
      }),
    );
  });
});
