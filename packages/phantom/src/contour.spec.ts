import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { outerContour } from './contour.js';
import { type SliceMask, wholePart } from './mask.js';

const masks = fc
  .record({
    columns: fc.integer({ min: 1, max: 9 }),
    rows: fc.integer({ min: 1, max: 9 }),
    left: fc.integer({ min: 1, max: 40 }),
    top: fc.integer({ min: 1, max: 40 }),
  })
  .chain((box) =>
    fc
      // Mostly ones: notches, necks, and holes to fill.
      .array(fc.integer({ min: 0, max: 3 }), {
        minLength: box.columns * box.rows,
        maxLength: box.columns * box.rows,
      })
      .map((draws): SliceMask => {
        const image = Uint8Array.from(draws, (draw) => (draw > 0 ? 1 : 0));
        const inside = wholePart(image, box.columns, box.rows);
        return { slice: 0, ...box, inside: inside ?? new Uint8Array(0) };
      }),
  )
  .filter(({ inside }) => inside.length > 0);

/** Signed turns of a closed polygon around a point that lies on none of its edges. */
function winding(points: readonly number[], x: number, y: number): number {
  let turns = 0;
  for (let i = 0; i + 3 < points.length; i += 2) {
    const [ax, ay, bx, by] = points.slice(i, i + 4) as [
      number,
      number,
      number,
      number,
    ];
    const side = (bx - ax) * (y - ay) - (x - ax) * (by - ay);
    if (ay <= y && by > y && side > 0) turns++;
    if (ay > y && by <= y && side < 0) turns--;
  }
  return turns;
}

describe('outerContour', () => {
  it('encloses exactly the voxels of the mask, and runs outside of it', () => {
    fc.assert(
      fc.property(masks, (mask) => {
        const points = outerContour(mask);
        const onContour = new Set<string>();
        for (let i = 0; i < points.length; i += 2) {
          onContour.add(`${points[i] ?? ''},${points[i + 1] ?? ''}`);
        }
        for (let y = mask.top - 2; y < mask.top + mask.rows + 2; y++) {
          for (let x = mask.left - 2; x < mask.left + mask.columns + 2; x++) {
            const [i, j] = [x - mask.left, y - mask.top];
            const inBox = i >= 0 && j >= 0 && i < mask.columns && j < mask.rows;
            const inside = inBox && mask.inside[j * mask.columns + i] === 1;
            const enclosed =
              !onContour.has(`${x},${y}`) && winding(points, x, y) !== 0;
            expect(enclosed).toBe(inside);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is closed, and steps to one of the eight neighbours', () => {
    fc.assert(
      fc.property(masks, (mask) => {
        const points = outerContour(mask);
        expect(points.slice(-2)).toEqual(points.slice(0, 2));
        for (let i = 2; i < points.length; i += 2) {
          const dx = Math.abs((points[i] ?? NaN) - (points[i - 2] ?? NaN));
          const dy = Math.abs((points[i + 1] ?? NaN) - (points[i - 1] ?? NaN));
          expect(Math.max(dx, dy)).toBe(1);
        }
      }),
    );
  });

  it('goes around one voxel by its four neighbours', () => {
    const inside = Uint8Array.of(1);
    const mask = { slice: 0, left: 10, top: 20, columns: 1, rows: 1, inside };
    expect(outerContour(mask)).toEqual([10, 19, 11, 20, 10, 21, 9, 20, 10, 19]);
  });
});

describe('wholePart', () => {
  it('keeps the largest part and fills its holes', () => {
    const image = ['#####.', '#...#.', '#.#.#.', '#...#.', '#####.', '.....#'];
    const filled = ['#####.', '#####.', '#####.', '#####.', '#####.', '......'];
    const bits = (rows: readonly string[]): Uint8Array =>
      Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0));
    expect(wholePart(bits(image), 6, 6)).toEqual(bits(filled));
  });

  it('is undefined where there is nothing', () => {
    expect(wholePart(new Uint8Array(4), 2, 2)).toBeUndefined();
  });
});
