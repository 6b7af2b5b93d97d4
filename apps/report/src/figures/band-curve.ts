import type { BandPoint } from '@clip-lung/metrics';
import * as Plot from '@observablehq/plot';

import type { Html } from '../page/html.js';
import { draw, type FigureText } from './drawing.js';
import { unitAxes, unitGrid } from './unit-axes.js';

export interface BandCurve extends FigureText {
  /** names of the axes, which both go from 0 to 1 */
  readonly axes: readonly [x: string, y: string];
  /** the points of the curve */
  readonly curve: readonly { readonly x: number; readonly y: number }[];
  /** steps hold their height back to the point before; lines go straight to it */
  readonly joined: 'lines' | 'steps';
  readonly bands: readonly BandPoint[];
  /** what chance reaches: two points */
  readonly chance: readonly (readonly [x: number, y: number])[];
}

/** A curve in the unit square with a pointwise band: ROC, or precision–recall. */
export function bandCurve({
  axes: [x, y],
  curve,
  joined,
  bands,
  chance,
  ...text
}: BandCurve): Html {
  const banded = bands.flatMap(({ place, band }) =>
    band === null ? [] : [{ place, low: band.low, high: band.high }],
  );
  return draw(
    {
      ...unitAxes(x, y),
      marks: [
        ...unitGrid(),
        Plot.line(chance, { stroke: 'currentColor', strokeDasharray: '3 4' }),
        Plot.areaY(banded, {
          x: 'place',
          y1: 'low',
          y2: 'high',
          fill: 'var(--a)',
          fillOpacity: 0.22,
        }),
        Plot.line(curve, {
          x: 'x',
          y: 'y',
          stroke: 'var(--a)',
          strokeWidth: 2,
          curve: joined === 'steps' ? 'step-before' : 'linear',
        }),
      ],
    },
    text,
  );
}

/** Without the points that lie on a straight line between their neighbours, along an axis: the curve is the same. */
export function withoutCollinear<
  Point extends { readonly x: number; readonly y: number },
>(curve: readonly Point[]): readonly Point[] {
  return curve.filter((point, i) => {
    const [before, after] = [curve[i - 1], curve[i + 1]];
    if (before === undefined || after === undefined) return true;
    const isUpright = before.x === point.x && point.x === after.x;
    const isLevel = before.y === point.y && point.y === after.y;
    return !(isUpright || isLevel);
  });
}
