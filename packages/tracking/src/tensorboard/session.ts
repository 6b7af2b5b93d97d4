import { resolve } from 'node:path';

import { experimentDigest, type RunRecord } from '@clip-lung/run';
import type { SummaryValue } from '@clip-lung/tensorboard';

import { hyperparametersOf, lastName } from '../hyperparameters.js';

/**
 * What TensorBoard is told of a run before its first epoch. Of the table of hyperparameters only a row: with columns of its own, one
 * run would hide those that only others have.
 */
export function describeSession(
  run: string,
  record: RunRecord,
): readonly SummaryValue[] {
  const { experiment } = record;
  const name = lastName(resolve(run));
  return [
    { kind: 'text', tag: 'run', text: markdownOf(record) },
    {
      kind: 'hparams-start',
      hyperparameters: hyperparametersOf(experiment),
      // The folds of a run are one row; a folder of the same name elsewhere is another.
      group: `${name} ${experimentDigest(experiment).slice(0, 8)}`,
      startTime: 0,
    },
  ];
}

function markdownOf(record: RunRecord): string {
  const { data, software, experiment } = record;
  const rows: readonly (readonly [string, string])[] = [
    ['dataset', `${lastName(data.folder)} (${data.collection})`],
    ['nodules', `${data.nodules}, of sub-dataset ${data.subset}`],
    ['classes', record.classes.join(', ')],
    ['text tower', lastName(record.textModel) || record.text],
    ['engine', `${record.engine}, ${record.device}`],
    ...Object.entries(software),
  ];
  const values = Object.entries(hyperparametersOf(experiment)).map(
    ([path, value]) => [path, String(value)] as const,
  );
  return [
    ...table(['', ''], rows),
    '',
    ...table(['experiment', ''], values),
    '',
  ].join('\n');
}

function table(
  head: readonly [string, string],
  rows: readonly (readonly [string, string])[],
): readonly string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), '| --- | --- |', ...rows.map(line)];
}

/** A text as a cell of a Markdown table, in which nothing is markup. */
function cell(text: string): string {
  return text
    .replaceAll(/[\\`*_{}[\]<>()#+!|~&-]/g, String.raw`\$&`)
    .replaceAll(/\s+/g, ' ');
}
