import { filled, float32, NdArray, ShapeError } from '@clip-lung/tensor';
import {
  embedTokens,
  initialContext,
  randomTower,
} from '@clip-lung/text-encoder';
import { describe, expect, it } from 'vitest';

import { learntContexts, nearestTokens } from './nearest-tokens.js';

const tower = randomTower({ seed: 4, width: 16 });

describe('the nearest tokens of context vectors', () => {
  it('are the tokens themselves, whatever their length, where vectors are those of tokens', () => {
    const context = initialContext(tower, 'a nodule image of benign', 4);
    const longer = new NdArray(
      'float32',
      context.shape,
      context.data.map((value) => 3 * value),
    );
    const found = nearestTokens(tower, longer, 3);
    expect(found.map(([first]) => first?.token)).toEqual([
      ...['a', 'nodule', 'image', 'of'],
    ]);
    for (const tokens of found) {
      expect(tokens[0]?.cosine).toBeCloseTo(1, 5);
      expect(tokens.map(({ cosine }) => cosine)).toEqual(
        tokens.map(({ cosine }) => cosine).sort((a, b) => b - a),
      );
      expect(tokens.length).toBe(3);
    }
  });

  it('are those that brute force finds', () => {
    const vector = Array.from({ length: 16 }, (_, i) => Math.sin(i + 1));
    const cosineOf = (id: number): number => {
      const { data } = embedTokens(tower, [id]);
      let [product, own] = [0, 0];
      data.forEach((value, i) => {
        product += value * (vector[i] ?? NaN);
        own += value ** 2;
      });
      return product / Math.sqrt(own) / Math.hypot(...vector);
    };
    const all = Array.from({ length: tower.config.vocabulary }, (_, id) => id);
    const best = all.sort((a, b) => cosineOf(b) - cosineOf(a)).slice(0, 5);
    const [found] = nearestTokens(tower, float32([1, 16], vector));
    expect(found?.map(({ id }) => id)).toEqual(best);
    expect(found?.[4]?.cosine).toBeCloseTo(cosineOf(best[4] ?? NaN), 5);
  });

  it('are shown by their numbers where a tokenizer cannot tell', () => {
    const { tokenizer } = tower;
    const { sos, eot } = tokenizer;
    const encode = (text: string) => tokenizer.encode(text);
    const silent = { ...tower, tokenizer: { encode, sos, eot } };
    const context = initialContext(tower, 'a nodule image of benign', 1);
    const [found] = nearestTokens(silent, context, 1);
    expect(found?.[0]?.token).toBe(`#${tower.tokenizer.encode('a')[0] ?? NaN}`);
  });

  it('are of vectors of the width of the tower', () => {
    expect(() => nearestTokens(tower, filled([4, 8]))).toThrow(ShapeError);
  });
});

describe('learnt contexts', () => {
  it('are those of prompt learners, and nothing else of theirs', () => {
    const ctx = filled([4, 16]);
    const net = { linear1: { weight: filled([1, 16]) } };
    expect(
      learntContexts({ ctx, attribute_ctx: ctx, meta_net: net }).map(
        ([name]) => name,
      ),
    ).toEqual(['ctx', 'attribute_ctx']);
    expect(learntContexts({})).toEqual([]);
  });
});
