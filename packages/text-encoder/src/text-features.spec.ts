import { cpuEngine, type Engine } from '@clip-lung/engine';
import type { NdArray } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';
import {
  encodeText,
  PromptError,
  randomTower,
  type TextFeatureCache,
  type TextTower,
} from './index.js';

const plain = cpuEngine();

/** An engine that counts how often something is compiled. */
function counting(): Engine & { readonly runs: () => number } {
  let runs = 0;
  return {
    ...plain,
    compile: ((...given: Parameters<Engine['compile']>) => {
      runs++;
      return plain.compile(...given);
    }) as Engine['compile'],
    runs: () => runs,
  };
}

const random = randomTower({ seed: 1, width: 8, embedding: 6 });
const tower: TextTower = { ...random, kind: 'clip', sha256: 'abc' };
const texts = ['benign', 'a nodule', 'benign', 'the lung is a lung', 'a'];

const row = ({ data }: NdArray, at: number): number[] =>
  [...data.subarray(at * 6, (at + 1) * 6)].map(Number);

function memory(): TextFeatureCache & { readonly size: () => number } {
  const kept = new Map<string, NdArray<'float32'>>();
  return {
    get: (key) => Promise.resolve(kept.get(key)),
    set: (key, features) => {
      kept.set(key, features);
      return Promise.resolve();
    },
    size: () => kept.size,
  };
}

describe('encodeText', () => {
  it('gives a text the same features in any batch, in the order of the texts', async () => {
    const together = await encodeText(tower, texts, { engine: plain });
    expect(together.shape).toEqual([5, 6]);
    for (const batchSize of [1, 2]) {
      const engine = counting();
      const apart = await encodeText(tower, texts, { engine, batchSize });
      texts.forEach((_, at) => {
        row(apart, at).forEach((value, i) => {
          expect(value).toBeCloseTo(row(together, at)[i] ?? NaN, 5);
        });
      });
      // Four different texts.
      expect(engine.runs()).toBe(4 / batchSize);
    }
    expect(row(together, 0)).toEqual(row(together, 2));
    expect(row(together, 0)).not.toEqual(row(together, 1));
  });

  it('computes what the cache lacks, and nothing else', async () => {
    const [engine, cache] = [counting(), memory()];
    await encodeText(tower, texts.slice(0, 2), { engine, cache });
    expect([engine.runs(), cache.size()]).toEqual([1, 2]);
    const all = await encodeText(tower, texts, { engine, cache });
    expect([engine.runs(), cache.size()]).toEqual([2, 4]);
    const again = await encodeText(tower, texts, { engine, cache });
    expect(engine.runs()).toBe(2);
    expect(again).toEqual(all);
  });

  it('does not take another tower’s features from the cache', async () => {
    const [engine, cache] = [counting(), memory()];
    const others: readonly TextTower[] = [
      tower,
      { ...tower, sha256: 'abd' },
      { ...tower, config: { ...tower.config, activation: 'gelu' } },
    ];
    for (const other of others) {
      await encodeText(other, ['benign'], { engine, cache });
    }
    expect([engine.runs(), cache.size()]).toEqual([3, 3]);
  });

  it('keeps nothing of a tower whose weights are in no file', async () => {
    const cache = memory();
    await encodeText(random, ['benign'], { engine: plain, cache });
    expect(cache.size()).toBe(0);
  });

  it('takes no texts, and says which one is too long', async () => {
    const { shape } = await encodeText(tower, [], { engine: plain });
    expect(shape).toEqual([0, 6]);
    const long = 'lung '.repeat(80);
    const encoding = encodeText(tower, ['a', long], { engine: plain });
    await expect(encoding).rejects.toThrow(PromptError);
    await expect(encoding).rejects.toThrow(/takes 82 tokens/);
  });
});
