import { describeCollection } from '@clip-lung/lidc';
import { visibleLine } from '@clip-lung/tensor';

import { describeText, describeWay } from '../describe.js';
import { tableLines } from '../table.js';
import type { Analysis } from './analyse-run.js';
import { column, none, shownCount } from './cells.js';
import type { Flow } from './flow.js';
import { formatHardest } from './format-hardest.js';
import { formatReaders } from './format-readers.js';
import { formatRules } from './format-rules.js';
import { formatSubgroup } from './format-subgroup.js';

/** An analysis as tables for a terminal. Ends without a newline. */
export function formatAnalysis(analysis: Analysis): string {
  const { classes, flow, readers, subgroups, hardest } = analysis;
  const { missingFolds } = analysis;
  const blocks = [
    [
      `${describeCollection(analysis.data)}; ${describeText(analysis)}; ${describeWay(analysis.by)}`,
    ],
    [
      `${analysis.nodules} test nodules of ${analysis.patients} patients, subset ${analysis.subset}; 95 % intervals are by patient`,
      ...(missingFolds.length === 0
        ? []
        : [`folds without predictions, left out: ${missingFolds.join(', ')}`]),
    ],
    ...formatFlow(flow),
    ...formatReaders(readers),
    ...subgroups.map((one) => formatSubgroup(one, classes)),
    formatRules(analysis.labellingRules, classes),
    formatHardest(hardest, classes),
    [analysis.run],
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map(visibleLine).join('\n'))
    .join('\n\n');
}

function formatFlow({ setAside, stages }: Flow): readonly string[][] {
  const rows = stages.flatMap((stage) => [
    { ...stage, what: stage.stage },
    ...stage.leftOut.map((loss) => ({
      ...loss,
      what: `  left out: ${loss.reason}`,
    })),
  ]);
  return [
    [
      ...tableLines([
        column('stage', rows, ({ what }) => what, 'left'),
        column('scans', rows, ({ scans }) => shownCount(scans)),
        column('patients', rows, ({ patients }) => shownCount(patients)),
        column('nodules', rows, ({ nodules }) => shownCount(nodules)),
      ]),
      ...(rows.some(({ patients }) => patients === null)
        ? [`${none} the dataset does not tell`]
        : []),
    ],
    setAside.length === 0
      ? []
      : [
          `set aside: ${setAside.map(({ reason, count }) => `${count} ${reason}`).join('; ')}`,
        ],
  ];
}
