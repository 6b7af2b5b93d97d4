import * as Plot from '@observablehq/plot';

import type { Html } from '../page/html.js';
import { draw, type FigureText } from './drawing.js';
import type { BenefitPoint } from '../net-benefits.js';

export interface NetBenefitFigure extends FigureText {
  readonly points: readonly BenefitPoint[];
}

/** A decision curve: the model's net benefit with its band, beside treating all and treating none. */
export function netBenefitFigure({ points, ...text }: NetBenefitFigure): Html {
  const values = points.flatMap(({ model, band }) =>
    band === null ? [model] : [model, band.low, band.high],
  );
  const most = Math.max(0.05, ...values, ...points.map(({ all }) => all));
  // Treating all falls without end; what matters is near to 0. What is lower ends at the edge, and a line breaks off.
  const least = Math.min(-0.05, -0.25 * most);
  const inSight = (value: number): number => (value < least ? NaN : value);
  return draw(
    {
      x: {
        domain: [0, 1],
        label: 'threshold probability',
        labelAnchor: 'center',
        labelArrow: 'none',
        tickFormat: '.1f',
        ticks: [0, 0.2, 0.4, 0.6, 0.8, 1],
      },
      y: {
        domain: [least, most],
        label: 'net benefit',
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: 6,
        tickFormat: '.2f',
      },
      marginLeft: 54,
      marks: [
        Plot.gridX({ stroke: 'var(--line)', strokeOpacity: 1 }),
        Plot.gridY({ ticks: 6, stroke: 'var(--line)', strokeOpacity: 1 }),
        Plot.ruleY([0], { stroke: 'currentColor' }),
        Plot.line(points, {
          x: 'threshold',
          y: ({ all }: BenefitPoint) => inSight(all),
          stroke: 'var(--b)',
          strokeDasharray: '6 4',
          strokeWidth: 2,
        }),
        Plot.areaY(
          points.filter(({ band }) => band !== null),
          {
            x: 'threshold',
            y1: ({ band }: BenefitPoint) => Math.max(least, band?.low ?? NaN),
            y2: ({ band }: BenefitPoint) => Math.max(least, band?.high ?? NaN),
            fill: 'var(--a)',
            fillOpacity: 0.22,
          },
        ),
        Plot.line(points, {
          x: 'threshold',
          y: ({ model }: BenefitPoint) => inSight(model),
          stroke: 'var(--a)',
          strokeWidth: 2,
        }),
      ],
    },
    text,
  );
}
