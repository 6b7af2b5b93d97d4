import { at, type NdArray, ShapeError } from '@clip-lung/tensor';
import { lungWindow, windowed } from '@clip-lung/lidc';

import type { Axis, HeatMap } from './heat-map.js';

export interface HeatFigure {
  /** HU, [size, size, size] or [1, size, size, size] */
  readonly hu: NdArray<'float32'>;
  readonly map: HeatMap;
  /** of the nodule's outline, in samples; none where it is not known */
  readonly radius: number | undefined;
  /** what it shows, for its readers and for screen readers */
  readonly title: string;
}

/** Of each plane: what it is called, and the axes down and across. */
const planes = [
  { name: 'axial', through: 'z', down: 'y', across: 'x' },
  { name: 'coronal', through: 'y', down: 'z', across: 'x' },
  { name: 'sagittal', through: 'x', down: 'z', across: 'y' },
] as const satisfies readonly {
  readonly name: string;
  readonly through: Axis;
  readonly down: Axis;
  readonly across: Axis;
}[];

/** Shades and opacities: as many as an eye tells apart here, and each is one path. */
const [greys, opacities] = [48, 16];
/** For a class and against it: of Okabe and Ito's colours, which the colour-blind tell apart. */
const [warm, cold] = ['#e69f00', '#56b4e9'];
/** Of a sample, the gap and the line of text, in units of the figure. */
const [scale, gap, line] = [8, 16, 20];

/**
 * The middle planes of a crop with a map over them, as a figure that stands alone. Heat is shown as a share of the greatest in the map;
 * numbers are in the map itself. A map without z is shown over the axial plane alone.
 *
 * @returns SVG
 * @throws `ShapeError` for a crop and a map of different sizes
 */
export function heatSvg({ hu, map, radius, title }: HeatFigure): string {
  const size = at(hu.shape, -1 + hu.shape.length, 'axes');
  if (hu.data.length !== size ** 3 || map.overCrop.shape[0] !== size) {
    throw new ShapeError(
      `the crop is [${hu.shape.join(', ')}], and the map lies over [${map.overCrop.shape.join(', ')}]`,
    );
  }
  const side = size * scale;
  const greatest = map.overCrop.data.reduce(
    (most, value) => Math.max(most, Math.abs(value)),
    0,
  );
  const figures = planes.map((plane, i) => {
    const { name, through, down, across } = plane;
    const hasHeat = map.axes.includes(down) && map.axes.includes(across);
    const places = placesOf(plane, size);
    const shades = pathsOf(places, greys, (place) => {
      return windowed(at(hu.data, huIndex(place, size)), lungWindow);
    }).map(
      ([level, d]) => `<path fill="${grey((level + 0.5) / greys)}" d="${d}"/>`,
    );
    const heat = (sign: 1 | -1, colour: string): readonly string[] =>
      hasHeat && greatest > 0
        ? pathsOf(
            places,
            opacities,
            (place) =>
              (sign * at(map.overCrop.data, mapIndex(map, place, size))) /
              greatest,
          ).flatMap(([level, d]) =>
            level === 0
              ? []
              : [
                  `<path fill="${colour}" fill-opacity="${((0.75 * level) / (opacities - 1)).toFixed(2)}" d="${d}"/>`,
                ],
          )
        : [];
    const outline =
      radius === undefined
        ? ''
        : `<circle cx="${size / 2}" cy="${size / 2}" r="${radius}" fill="none" stroke="#ffffff" stroke-width="0.25" stroke-dasharray="1 0.7"/>`;
    const caption = `${name}, ${through} in the middle${hasHeat ? '' : ': the map has no z'}`;
    return [
      `<g transform="translate(${gap + i * (side + gap)} ${gap + line})">`,
      `<g transform="scale(${scale})" shape-rendering="crispEdges">`,
      ...shades,
      ...heat(1, warm),
      ...heat(-1, cold),
      outline,
      '</g>',
      `<text y="${side + line}">${caption}</text>`,
      '</g>',
    ].join('\n');
  });
  const width = gap + planes.length * (side + gap);
  const height = side + gap + 2.5 * line;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title" font-family="sans-serif" font-size="14">`,
    `<title id="title">${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${gap}" y="${line}">${escaped(title)}</text>`,
    ...figures,
    '</svg>',
    '',
  ].join('\n');
}

interface Place {
  readonly column: number;
  readonly row: number;
  readonly z: number;
  readonly y: number;
  readonly x: number;
}

function placesOf(
  { through, down, across }: (typeof planes)[number],
  size: number,
): readonly Place[] {
  const middle = Math.floor(size / 2);
  return Array.from({ length: size * size }, (_, i) => {
    const [row, column] = [Math.floor(i / size), i % size];
    const along = { [through]: middle, [down]: row, [across]: column };
    const { z = middle, y = middle, x = middle } = along;
    return { row, column, z, y, x };
  });
}

/** The places of each level of a value in 0..1, as one path of squares. */
function pathsOf(
  places: readonly Place[],
  levels: number,
  valueOf: (place: Place) => number,
): readonly (readonly [level: number, path: string])[] {
  const paths = new Map<number, string>();
  for (const place of places) {
    const value = Math.min(Math.max(valueOf(place), 0), 1);
    const level = Math.min(Math.floor(value * levels), levels - 1);
    const square = `M${place.column} ${place.row}h1v1h-1z`;
    paths.set(level, (paths.get(level) ?? '') + square);
  }
  return [...paths].sort(([a], [b]) => a - b);
}

function huIndex({ z, y, x }: Place, size: number): number {
  return (z * size + y) * size + x;
}

function mapIndex({ axes }: HeatMap, place: Place, size: number): number {
  return axes.reduce((index, axis) => index * size + place[axis], 0);
}

function grey(share: number): string {
  const value = Math.round(255 * share)
    .toString(16)
    .padStart(2, '0');
  return `#${value}${value}${value}`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
