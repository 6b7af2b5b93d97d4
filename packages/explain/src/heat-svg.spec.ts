import { filled, float32, ShapeError } from '@clip-lung/tensor';
import { describe, expect, it } from 'vitest';

import { heatSvg } from './heat-svg.js';

const size = 4;
const hu = float32([1, size, size, size], new Float32Array(64).fill(-1000));
hu.data[(2 * size + 1) * size + 3] = 400; // z 2, y 1, x 3: in the axial plane
const cold = filled([size, size, size]);
const volume = { axes: ['z', 'y', 'x'], raw: cold, overCrop: cold } as const;

const figure = (map: Parameters<typeof heatSvg>[0]['map'], title = 'a title') =>
  heatSvg({ hu, map, radius: 1, title });

/** Of each plane, the squares of a colour. */
const squaresOf = (svg: string, colour: string): readonly number[] =>
  svg
    .split('<g transform="translate')
    .slice(1)
    .map((plane) =>
      [...plane.matchAll(/<path fill="(#\w+)"[^>]* d="([^"]*)"/g)]
        .filter(([, own]) => own === colour)
        .reduce((sum, [, , d]) => sum + (d?.match(/M/g)?.length ?? 0), 0),
    );

describe('a figure of the three planes', () => {
  it('shows every sample, and the bright one where it lies', () => {
    const svg = figure(volume);
    expect(squaresOf(svg, '#030303')).toEqual([15, 16, 16]);
    expect(squaresOf(svg, '#fcfcfc')).toEqual([1, 0, 0]);
    expect(svg).toMatch(/<path fill="#fcfcfc" d="M3 1h1v1h-1z"\/>/);
  });

  it('shows heat for the class and against it, in two colours', () => {
    const overCrop = filled([size, size, size]);
    overCrop.data[(2 * size + 2) * size + 2] = 1; // the middle: in all planes
    overCrop.data[(2 * size + 0) * size + 1] = -1; // z 2, y 0, x 1
    const svg = figure({ ...volume, overCrop });
    expect(squaresOf(svg, '#e69f00')).toEqual([1, 1, 1]);
    expect(squaresOf(svg, '#56b4e9')).toEqual([1, 0, 0]);
  });

  it('shows a map without z over the axial plane alone, and says so', () => {
    const overCrop = filled([size, size], 1);
    const svg = figure({ axes: ['y', 'x'], raw: overCrop, overCrop });
    expect(squaresOf(svg, '#e69f00')).toEqual([16, 0, 0]);
    expect(svg.match(/the map has no z/g)).toHaveLength(2);
  });

  it('is named, and takes a name as text', () => {
    const svg = figure(volume, '<b>"A & B"</b>');
    expect(svg).toContain(
      '<title id="title">&lt;b&gt;&quot;A &amp; B&quot;&lt;/b&gt;</title>',
    );
    expect(svg).not.toContain('<b>');
  });

  it('refuses a map of another size', () => {
    const overCrop = filled([5, 5], 1);
    expect(() => figure({ axes: ['y', 'x'], raw: overCrop, overCrop })).toThrow(
      ShapeError,
    );
  });
});
