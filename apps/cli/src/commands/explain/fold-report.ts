import { highRating, lowRating, nearestTokensNote } from '@clip-lung/explain';
import type { ExplainedFold, MeanHeatShare } from '@clip-lung/explain/node';

import {
  type ExplanationReport,
  noFinding,
  percent,
  type ReportedRun,
  worthOf,
} from './report.js';

/** What is printed and written of a fold. */
export function foldReport(
  found: ExplainedFold,
  { folder, fold, record }: ReportedRun,
): ExplanationReport {
  const { method, nodules, heat, randomised, attributes, contexts } = found;
  return {
    lines: [
      worthOf(record),
      `${method}, fold ${fold}, ${nodules} nodules that it was tested with`,
      ...(heat === undefined
        ? [
            'heat inside the nodule: not known, the dataset does not say how large crops are',
          ]
        : [
            "heat inside a sphere of the nodule's diameter (datasets keep no masks of the readers), mean and 95 % interval by patient:",
            `  trained ${shareText(heat.trained)}`,
            `  untrained ${shareText(heat.untrained)}`,
            `  even heat ${percent(heat.even)}`,
          ]),
      'mean rank correlation with the trained maps, weights made random from the head down (near 1: the map does not show what was learnt):',
      ...randomised.map(
        ({ name, meanRankCorrelation, nodules: n }) =>
          `  ${name.padEnd(10)} ${number(meanRankCorrelation)} (${n} nodules)`,
      ),
      ...(attributes === undefined
        ? []
        : [
            `scores of attributes against the readers' ratings: rank correlation, and AUROC of ${highRating} or more against ${lowRating} or less`,
            ...attributes.map(
              ({ attribute, rankCorrelation, auroc, high, low }) =>
                `  ${attribute.padEnd(18)} ${number(rankCorrelation)}  ${number(auroc)} (${high} against ${low})`,
            ),
          ]),
      ...(contexts ?? []).flatMap(({ name, nearest }) => [
        `tokens nearest to ${name}; ${nearestTokensNote}`,
        ...nearest.map(
          (tokens, t) =>
            `  ${t}: ${tokens.map(({ token, cosine }) => `${token.trim()} ${cosine.toFixed(2)}`).join(', ')}`,
        ),
      ]),
      noFinding,
    ],
    json: {
      ...{ run: folder, fold, method, nodules },
      data: record.data.collection,
      text: record.text,
      heat: heat ?? null,
      randomised,
      attributes: attributes ?? null,
      contexts: contexts ?? null,
      nearestTokensNote,
    },
  };
}

function shareText({
  mean,
  interval,
  nodules,
  patients,
}: MeanHeatShare): string {
  const range =
    interval === null
      ? 'no interval'
      : `${percent(interval.low)} to ${percent(interval.high)}`;
  return `${percent(mean)} (${range}; ${nodules} nodules of ${patients} patients with heat)`;
}

function number(value: number | null): string {
  return value === null ? '     –' : value.toFixed(3).padStart(6);
}
