/** The table of docs/reproducing.md. */
import { meanDeviation } from '@clip-lung/metrics';

const [begin, end] = ['<!-- table -->', '<!-- /table -->'];

export function tableOf({ groups, seeds, manifest }) {
  const [first] = groups.flatMap(({ summaries }) => [...summaries.values()]);
  const lines = [
    `${first.nodules} simulated nodules of ${first.patients} patients (${Object.entries(
      manifest.counts.labels,
    )
      .map(([label, count]) => `${count} ${label}`)
      .join(
        ', ',
      )}); always saying “${first.majorityClass}” is right for ${percent(first.majority)} %. Accuracy and macro F1 in percent, AUC one class against the rest: mean ± standard deviation over ${seeds} seeds, each over the pooled test nodules of ${first.folds.length} folds.`,
    '',
  ];
  for (const { title, methods, summaries } of groups) {
    const rows = methods.flatMap(({ name, file }) => {
      const found = Array.from({ length: seeds }, (_, i) =>
        summaries.get(`${file}-${i + 1}`),
      ).filter((summary) => summary !== undefined);
      if (found.length === 0) return [];
      const cell = (value, scale) =>
        shown(found.map((summary) => scale * summary[value]));
      return [
        `| ${name} | ${cell('accuracy', 100)} | ${cell('macroF1', 100)} | ${cell('auc', 100)} | ${found.length} |`,
      ];
    });
    if (rows.length === 0) continue;
    lines.push(
      `| ${title} | accuracy | macro F1 | AUC × 100 | seeds |`,
      '| --- | --- | --- | --- | --- |',
      ...rows,
      '',
    );
  }
  return lines.join('\n');
}

/** The page with the table between its marks. */
export function withTable(page, table) {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`the page has no ${begin} … ${end} to hold the table`);
  return `${page.slice(0, from + begin.length)}\n\n${table}\n${page.slice(to)}`;
}

const percent = (share) => (100 * share).toFixed(1);

function shown(values) {
  const [only] = values;
  if (values.length === 1) return only.toFixed(1);
  const { mean, deviation } = meanDeviation(values);
  return `${mean.toFixed(1)} ± ${deviation.toFixed(1)}`;
}
