import { at } from '@clip-lung/tensor';

import { tableLines } from '../table.js';
import { column, none } from './cells.js';
import type { HardCase } from './hardest.js';

/** The hardest nodules, a line each. */
export function formatHardest(
  hardest: readonly HardCase[],
  classes: readonly string[],
): readonly string[] {
  if (hardest.length === 0) return [];
  return tableLines([
    column('hardest nodules', hardest, ({ nodule }) => nodule, 'left'),
    column('fold', hardest, ({ fold }) => String(fold)),
    column('label', hardest, ({ label }) => label, 'left'),
    column('prediction', hardest, ({ prediction }) => prediction, 'left'),
    ...classes.map((name, k) =>
      column(`p ${name}`, hardest, ({ probabilities }) =>
        at(probabilities, k).toFixed(3),
      ),
    ),
    column('loss', hardest, ({ loss }) =>
      loss === null ? 'infinite' : loss.toFixed(2),
    ),
    column('mm', hardest, ({ diameter }) =>
      diameter === null ? none : diameter.toFixed(1),
    ),
    column(
      'malignancy ratings',
      hardest,
      ({ malignancyRatings }) => malignancyRatings.join(' ') || none,
      'left',
    ),
  ]);
}
