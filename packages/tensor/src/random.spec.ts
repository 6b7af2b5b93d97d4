import { describe, expect, it } from 'vitest';

import { RandomStream } from './random.js';

const draw = (stream: RandomStream, count = 5): number[] =>
  Array.from({ length: count }, () => stream.uniform());

describe('a random stream', () => {
  it('is a function of its seed and names', () => {
    expect(draw(new RandomStream(1, 'a'))).toEqual(
      draw(new RandomStream(1, 'a')),
    );
    expect(draw(new RandomStream(1, 'a'))).not.toEqual(
      draw(new RandomStream(2, 'a')),
    );
    expect(draw(new RandomStream(1, 'a'))).not.toEqual(
      draw(new RandomStream(1, 'b')),
    );
    expect(draw(new RandomStream(1, 'a', 'b'))).not.toEqual(
      draw(new RandomStream(1, 'ab')),
    );
  });

  it('gives streams below it that do not depend on what was drawn', () => {
    const used = new RandomStream(1, 'a');
    draw(used);
    expect(draw(used.stream('b'))).toEqual(
      draw(new RandomStream(1, 'a').stream('b')),
    );
    expect(draw(used.stream('b'))).toEqual(draw(new RandomStream(1, 'a', 'b')));
  });

  it('gives the numbers that it always gave', () => {
    const stream = new RandomStream(42, 'pinned');
    expect([
      stream.integer(1000),
      stream.integer(1000),
      stream.uniform(),
      stream.normal(),
    ]).toMatchInlineSnapshot(`
      [
        914,
        646,
        0.028571343747898936,
        0.08449359443476694,
      ]
    `);
  });

  it('is uniform and normal: mean and variance within four standard errors', () => {
    const stream = new RandomStream(3, 'moments');
    const count = 100_000;
    const uniform = Array.from({ length: count }, () => stream.uniform(-1, 3));
    const normal = Array.from({ length: count }, () => stream.normal(2, 3));
    const mean = (values: number[]): number =>
      values.reduce((sum, x) => sum + x, 0) / values.length;
    const variance = (values: number[]): number => {
      const centre = mean(values);
      return mean(values.map((x) => (x - centre) ** 2));
    };
    expect(Math.min(...uniform.slice(0, 1000))).toBeGreaterThanOrEqual(-1);
    expect(Math.abs(mean(uniform) - 1)).toBeLessThan(
      4 * Math.sqrt(16 / 12 / count),
    );
    expect(Math.abs(mean(normal) - 2)).toBeLessThan(4 * Math.sqrt(9 / count));
    expect(Math.abs(variance(normal) - 9)).toBeLessThan(
      4 * 9 * Math.sqrt(2 / count),
    );
  });

  it('shuffles into every order equally often, and leaves its argument alone', () => {
    const stream = new RandomStream(4, 'shuffle');
    const counts = new Map<string, number>();
    const items = [1, 2, 3] as const;
    for (let i = 0; i < 6000; i++) {
      const key = stream.shuffle(items).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(items).toEqual([1, 2, 3]);
    // Chi-squared with 5 degrees of freedom: above 20.5 once in a thousand.
    const chi = [...counts.values()].reduce(
      (sum, n) => sum + (n - 1000) ** 2 / 1000,
      0,
    );
    expect(counts.size).toBe(6);
    expect(chi).toBeLessThan(20.5);
  });
});
