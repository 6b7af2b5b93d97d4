import type { Confusion } from '@clip-lung/metrics';
import { at } from '@clip-lung/tensor';
import * as Plot from '@observablehq/plot';

import type { Html } from '../page/html.js';
import { draw, type FigureText, figureWidth, shortName } from './drawing.js';

export interface ConfusionFigure extends FigureText {
  readonly classes: readonly string[];
  /** counts [true class][predicted class] */
  readonly confusion: Confusion;
}

interface Cell {
  readonly row: number;
  readonly column: number;
  readonly count: number;
  /** of the row; null in one without nodules */
  readonly part: number | null;
}

/** Counts, true classes downwards and predicted ones across; the darker, the larger the part of the true class. */
export function confusionFigure({
  classes,
  confusion,
  ...text
}: ConfusionFigure): Html {
  const cells = confusion.flatMap((counts, row): Cell[] => {
    const all = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count, column) => ({
      row,
      column,
      count,
      part: all === 0 ? null : count / all,
    }));
  });
  const names = classes.map(shortName);
  // Classes are told apart by their place: two of them may begin alike.
  const axis = {
    domain: [...classes.keys()],
    tickFormat: (place: number) => at(names, place, 'classes'),
    tickSize: 0,
    labelAnchor: 'center',
    labelArrow: 'none',
  } as const;
  const longest = Math.max(...names.map((name) => name.length));
  const marginLeft = 34 + 7 * longest;
  const width = Math.max(figureWidth, marginLeft + 20 + 46 * classes.length);
  const side = (width - marginLeft - 20) / classes.length;
  const areTurned = 7 * longest > side;
  const below = areTurned ? 36 + 5 * longest : 42;
  return draw(
    {
      width,
      height: 8 + below + classes.length * Math.max(36, Math.min(62, side)),
      marginLeft,
      marginBottom: below,
      marginTop: 8,
      x: { ...axis, label: 'predicted', tickRotate: areTurned ? -40 : 0 },
      y: { ...axis, label: 'true' },
      marks: [
        Plot.cell(cells, {
          x: 'column',
          y: 'row',
          fill: 'var(--a)',
          // Text stays legible on the darkest, in both colour schemes.
          fillOpacity: ({ part }: Cell) => 0.04 + 0.5 * (part ?? 0),
          inset: 1,
        }),
        Plot.text(cells, {
          x: 'column',
          y: 'row',
          text: ({ count }: Cell) => String(count),
          fontWeight: 600,
          dy: -7,
          fontSize: 14,
        }),
        Plot.text(cells, {
          x: 'column',
          y: 'row',
          text: ({ part }: Cell) =>
            part === null ? '–' : `${(100 * part).toFixed(0)} %`,
          dy: 10,
        }),
      ],
    },
    text,
  );
}
