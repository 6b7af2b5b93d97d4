import { at } from '@clip-lung/tensor';

import { tableLines } from '../table.js';
import { column, reasonOf, shownFigure } from './cells.js';
import type { SubgroupFigures } from './subgroups/measure-subgroups.js';

/** The groups of one subgroup, a line each, and below them what to bear in mind. */
export function formatSubgroup(
  subgroup: SubgroupFigures,
  classes: readonly string[],
): readonly string[] {
  const { label, about } = subgroup;
  if ('leftOut' in subgroup) {
    return [`no subgroups by ${label}: ${subgroup.leftOut}`];
  }
  const { groups, unknown } = subgroup;
  const reasons = groups.flatMap(({ group, figures }) =>
    figures.flatMap((figure) => {
      const reason = reasonOf(figure);
      return reason === undefined ? [] : [`${group}: ${reason}`];
    }),
  );
  return [
    ...tableLines([
      column(label, groups, ({ group }) => group, 'left'),
      column('nodules', groups, ({ nodules }) => String(nodules)),
      column('patients', groups, ({ patients }) => String(patients)),
      ...classes.map((name, k) =>
        column(name, groups, ({ support }) => String(at(support, k))),
      ),
      ...(groups[0]?.figures ?? []).map(({ label: title }, k) =>
        column(title, groups, ({ figures }) => {
          const figure = at(figures, k);
          return shownFigure(figure, figure.shownAs);
        }),
      ),
    ]),
    ...(about === null ? [] : [about]),
    ...groups.flatMap(({ group, warning }) =>
      warning === null ? [] : [`${group}: ${warning}`],
    ),
    ...reasons,
    ...unknown.map(
      ({ reason, nodules }) => `in no group: ${nodules}, ${reason}`,
    ),
  ];
}
