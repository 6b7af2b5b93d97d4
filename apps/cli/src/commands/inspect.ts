import { countWarnings, type Inspection } from '@clip-lung/data';
import { inspectFolder } from '@clip-lung/data/node';

import { type AddCommand, screenOf } from '../command.js';

export const addInspect: AddCommand = (program, surroundings) => {
  program
    .command('inspect')
    .description(
      'count what the annotation files of LIDC-IDRI hold, and list what is odd',
    )
    .argument(
      '<xml-or-folder>',
      'an annotation file, or a folder that holds some, at any depth',
    )
    .option(
      '--json',
      'print one JSON object, with every scan and every warning',
    )
    .action(async (path: string, options: { readonly json?: boolean }) => {
      const screen = screenOf(surroundings, options);
      const found = await inspectFolder(path, {
        signal: surroundings.signal,
        onProgress: screen.progress,
      });
      screen.result(formatInspection(found), found);
    });
};

/** Warnings of a kind that are listed one by one; of more, only the first are. */
const listed = 5;

function formatInspection(found: Inspection): readonly string[] {
  const counts: readonly (readonly [
    label: string,
    count: number,
    remark?: string,
  ])[] = [
    ['XML files', found.files],
    ['CT', found.ct],
    ['radiographs', found.radiographs, 'left out'],
    ['duplicates', found.duplicates, 'of a series that another file describes'],
    ['scans', found.scans],
    ['patients', found.patients],
    [
      'annotations',
      found.annotations,
      'nodules of 3 mm or more, as one reader saw them',
    ],
    ['contours', found.contours],
    [
      'holes',
      found.oddities.holes,
      'regions that are not part of their nodule',
    ],
    ['open', found.oddities.open, 'contours that do not end where they begin'],
    [
      'jumping',
      found.oddities.jumping,
      'contours with a step of more than a pixel',
    ],
    [
      'single points',
      found.oddities.singlePoints,
      'of annotations: they enclose nothing, and are not counted as contours',
    ],
    [
      'in pieces',
      found.oddities.severalRegions,
      'annotations with several regions on a slice',
    ],
    ['smaller marks', found.smallMarks],
    ['non-nodules', found.nonNodules],
  ];
  const lines = counts.map(([label, count, remark]) => {
    const row = `${label.padEnd(14)}${String(count).padStart(8)}`;
    return remark === undefined ? row : `${row}  ${remark}`;
  });
  const kinds = Object.entries(countWarnings(found.warnings));
  if (kinds.length === 0) return lines;
  lines.push('', `what is odd (${found.warnings.length}; --json lists all)`);
  for (const [code, count] of kinds) {
    lines.push(`  ${code}: ${count}`);
    const some = found.warnings
      .filter((warning) => warning.code === code)
      .slice(0, listed);
    for (const { file, message } of some) lines.push(`    ${file}: ${message}`);
    if (count > listed) lines.push(`    … and ${count - listed} more`);
  }
  return lines;
}
