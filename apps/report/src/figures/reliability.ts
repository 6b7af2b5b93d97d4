import type { ReliabilityBin } from '@clip-lung/metrics';
import * as Plot from '@observablehq/plot';

import type { Html } from '../page/html.js';
import { draw, type FigureText } from './drawing.js';
import { unitAxes, unitGrid } from './unit-axes.js';

export interface Reliability extends FigureText {
  readonly bins: readonly ReliabilityBin[];
}

/** How often an event comes where a probability is given to it, each bin with its band; the larger the dot, the more nodules. */
export function reliability({ bins, ...text }: Reliability): Html {
  const full = bins.flatMap(({ predicted, observed, band, nodules }) =>
    predicted === null || observed === null
      ? []
      : [{ predicted, observed, band, nodules }],
  );
  const most = Math.max(...full.map(({ nodules }) => nodules));
  const banded = full.flatMap(({ predicted, band }) =>
    band === null ? [] : [{ predicted, low: band.low, high: band.high }],
  );
  return draw(
    {
      ...unitAxes('predicted probability', 'observed frequency'),
      // Radii are as they are given.
      r: { type: 'identity' },
      marks: [
        ...unitGrid(),
        Plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: 'currentColor', strokeDasharray: '3 4' },
        ),
        Plot.ruleX(banded, {
          x: 'predicted',
          y1: 'low',
          y2: 'high',
          stroke: 'var(--a)',
          strokeWidth: 2,
        }),
        Plot.dot(full, {
          x: 'predicted',
          y: 'observed',
          r: ({ nodules }: { readonly nodules: number }) =>
            2 + 4 * Math.sqrt(nodules / most),
          fill: 'var(--a)',
          stroke: 'var(--paper)',
        }),
      ],
    },
    text,
  );
}
