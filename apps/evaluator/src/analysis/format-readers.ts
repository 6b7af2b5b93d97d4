import { at } from '@clip-lung/tensor';

import { tableLines } from '../table.js';
import {
  column,
  none,
  reasonOf,
  shownDifference,
  shownFigure,
} from './cells.js';
import type { Beside } from './judgements.js';
import type { JudgedAlike, LeftOut, Readers } from './readers.js';

/** Readers beside the model: blocks of lines. */
export function formatReaders(
  readers: Readers | LeftOut,
): readonly (readonly string[])[] {
  if ('leftOut' in readers) return [[`no readers: ${readers.leftOut}`]];
  const { nodules, singleRating, againstOthers, agreement, notes } = readers;
  const left =
    singleRating === 0
      ? ''
      : `; ${singleRating} nodules that a single reader rated are left out`;
  return [
    [
      `readers and the model against the label of a nodule's other readers (${nodules} nodules${left})`,
      ...block(againstOthers),
    ],
    [
      'agreement: each reader with each other one, and the model with the same readers',
      ...block(agreement),
    ],
    notes,
  ];
}

function block({
  pooled,
  perReader,
  otherClass,
}: JudgedAlike & { readonly otherClass: number }): readonly string[] {
  return [
    ...tableLines([
      column('figure', pooled.figures, ({ label }) => label, 'left'),
      column('readers', pooled.figures, ({ readers, shownAs }) =>
        shownFigure(readers, shownAs),
      ),
      column('model', pooled.figures, ({ model, shownAs }) =>
        shownFigure(model, shownAs),
      ),
      column('model less readers', pooled.figures, (figure) =>
        shownDifference(figure.difference, figure.shownAs),
      ),
      column('p', pooled.figures, ({ difference: { pValue } }) =>
        pValue === null ? none : pValue.toFixed(3),
      ),
    ]),
    ...reasonsOf(pooled),
    `${pooled.judgements} judgements of ${pooled.nodules} nodules of ${pooled.patients} patients${otherClass === 0 ? '' : `; ${otherClass} left out: a class that the run does not tell apart`}`,
    ...tableLines([
      column('reader', perReader, ({ reader }) => String(reader)),
      column('nodules', perReader, ({ nodules }) => String(nodules)),
      column('patients', perReader, ({ patients }) => String(patients)),
      ...pooled.figures.flatMap(({ label, shownAs }, k) => [
        column(label, perReader, ({ figures }) =>
          shownFigure({ ...at(figures, k).readers, interval: null }, shownAs),
        ),
        column('model', perReader, ({ figures }) =>
          shownFigure({ ...at(figures, k).model, interval: null }, shownAs),
        ),
      ]),
    ]),
  ];
}

function reasonsOf({ figures, warning }: Beside): readonly string[] {
  const reasons = figures.flatMap(({ label, ...beside }) =>
    (['readers', 'model', 'difference'] as const).flatMap((of) => {
      const reason = reasonOf({ ...beside[of], label });
      return reason === undefined ? [] : [`${of}: ${reason}`];
    }),
  );
  return [...(warning === null ? [] : [warning]), ...reasons];
}
