import { heatSvg } from '@clip-lung/explain';
import type { ExplainedNodule } from '@clip-lung/explain/node';
import { mostProbable } from '@clip-lung/inference';

import {
  type ExplanationReport,
  noFinding,
  percent,
  type ReportedRun,
  worthOf,
} from './report.js';

/** What is printed and written of a nodule. */
export function noduleReport(
  found: ExplainedNodule,
  run: ReportedRun,
): ExplanationReport {
  const { map, hu, heat, method, nodule } = found;
  const svg = heatSvg({
    ...{ hu, map, radius: heat?.mask.radius },
    title: `${method}, ${found.class}: nodule ${nodule.id}`,
  });
  return {
    lines: linesOf(found, run),
    json: jsonOf(found, run),
    map: { raw: map.raw, overCrop: map.overCrop, svg },
  };
}

function linesOf(
  { nodule, isTested, probabilities, heat, ...found }: ExplainedNodule,
  { fold, record }: ReportedRun,
): readonly string[] {
  const width = Math.max(...probabilities.map(([name]) => name.length));
  return [
    worthOf(record),
    `nodule ${nodule.id}, ${nodule.label}${isTested ? '' : `: fold ${fold} was not tested with it, so it may have been trained on it`}`,
    ...probabilities.map(
      ([name, probability]) =>
        `${name.padEnd(width)} ${percent(probability).padStart(8)}${name === mostProbable(probabilities) ? '  ←' : ''}`,
    ),
    `${found.method}, class ${found.class}, over ${found.map.axes.join(', ')}${found.map.axes.length === 2 ? ': slices are its channels, so it has no z' : ''}`,
    heat === undefined
      ? 'heat inside the nodule: not known, the dataset does not say how large crops are'
      : `heat inside a sphere of the nodule's diameter (datasets keep no masks of the readers): ${percent(heat.trained.share)}; untrained model ${percent(heat.untrained.share)}, even heat ${percent(heat.trained.even)}`,
    ...(found.attributes === undefined
      ? []
      : [
          'attributes: cosine with their texts, and mean rating of the readers',
          ...found.attributes.map(
            ({ attribute, score, rating }) =>
              `${attribute.padEnd(18)} ${score.toFixed(3).padStart(6)}  ${rating === null ? '–' : rating.toFixed(2)}`,
          ),
        ]),
    noFinding,
  ];
}

function jsonOf(
  { nodule, probabilities, ...found }: ExplainedNodule,
  { folder, fold, record }: ReportedRun,
): Readonly<Record<string, unknown>> {
  const { raw, axes, overCrop } = found.map;
  return {
    run: folder,
    fold,
    data: record.data.collection,
    text: record.text,
    nodule: nodule.id,
    label: nodule.label,
    tested: found.isTested,
    probabilities: Object.fromEntries(probabilities),
    class: found.class,
    method: found.method,
    map: { axes, raw: raw.shape, overCrop: overCrop.shape },
    heat: found.heat ?? null,
    attributes: found.attributes ?? null,
  };
}
