import { countWarnings } from '../warning.js';
import type { Inspection } from './inspection.js';

/** Warnings of a kind that are listed one by one; of more, only the first are. */
const listed = 5;

/** What annotation files hold, for a terminal: a count a line, then what is odd, by its kind. */
export function formatInspection(found: Inspection): readonly string[] {
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
