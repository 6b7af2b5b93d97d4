import { at } from '@clip-lung/tensor';

import { percent, tableLines } from '../table.js';
import { column, none, shownFigure } from './cells.js';
import type { LabellingRules } from './labelling-rules.js';
import type { LeftOut } from './readers.js';

/** The same predictions by every labelling rule, a line each. */
export function formatRules(
  scored: LabellingRules | LeftOut,
  classes: readonly string[],
): readonly string[] {
  if ('leftOut' in scored) return [`no labelling rules: ${scored.leftOut}`];
  const { rules, minReaders } = scored;
  const head = rules[0]?.figures ?? [];
  return [
    ...tableLines([
      column(
        'readers',
        rules,
        (rule) => `${rule.minReaders}${rule.isOfDataset ? ' *' : ''}`,
        'left',
      ),
      column('class by', rules, ({ statistic }) => statistic, 'left'),
      column(
        'bounds',
        rules,
        ({ rule }) => (rule === 'pylidc' ? 'exclusive' : 'inclusive'),
        'left',
      ),
      column('nodules', rules, ({ nodules }) => String(nodules)),
      column('patients', rules, ({ patients }) => String(patients)),
      ...classes.map((name, k) =>
        column(name, rules, ({ support }) => String(at(support, k))),
      ),
      column('left out', rules, ({ leftOut }) =>
        String(leftOut.tooFewReaders + leftOut.otherClass),
      ),
      column('not tested', rules, ({ untested }) => String(untested)),
      column('majority', rules, ({ majority }) =>
        majority === null ? none : percent(majority),
      ),
      ...head.map(({ label }, k) =>
        column(label, rules, ({ figures }) => {
          const figure = at(figures, k);
          return shownFigure(figure, figure.shownAs);
        }),
      ),
    ]),
    '* the rule that the dataset was made by; left out: tested nodules that a rule does not keep; not tested: nodules of the dataset that it would have tested',
    ...(minReaders > 1
      ? [
          `the dataset holds nodules of at least ${minReaders} readers: rules that ask for fewer find no others`,
        ]
      : []),
  ];
}
